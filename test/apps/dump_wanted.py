# What `aldis dump` is asked for: filters, and passwords; on the captures that are held against tshark too.
import json
import os

from harness import ALDIS, Tools, main

CAPTURES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "dump", "captures")


class Dump(Tools):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.programs["dump"] = [ALDIS, "dump"]

    def dump(self, capture, *options, code=0):
        result = self.run_tool("dump", "-r", os.path.join(CAPTURES, capture), *options)
        self.assertEqual(result.code, code, result)
        return result

    def packets(self, capture, *options):
        return [json.loads(line) for line in self.dump(capture, "--json", *options).out.splitlines()]


def types(packets):
    return [p["mqtt"]["mqtt.msgtype"] for p in packets]


def places(packets):
    return [(p["frame"], p["pdu"]) for p in packets]


class Filters(Dump):
    def test_a_topic_takes_its_flow_and_the_subscriptions_that_overlap(self):
        every = self.packets("v311_flows.pcapng")
        topic = next(p["mqtt"]["mqtt.topic"] for p in every if p["mqtt"].get("mqtt.topic", "").endswith("/q2"))
        seen = self.packets("v311_flows.pcapng", "--topic", topic)
        self.assertTrue({3, 5, 6, 7, 8, 9} <= set(types(seen)), types(seen))
        self.assertFalse({1, 2, 4, 12, 13, 14} & set(types(seen)), types(seen))
        self.assertTrue(all(p["mqtt"]["mqtt.topic"] == topic for p in seen if p["mqtt"]["mqtt.msgtype"] == 3))
        wild = self.packets("v311_flows.pcapng", "--topic", topic.rsplit("/", 1)[0] + "/+")
        self.assertGreater(len(wild), len(seen))
        self.assertEqual(self.packets("v311_flows.pcapng", "--topic", "nothing/of/that"), [])

    def test_a_topic_is_found_through_its_alias(self):
        every = self.packets("alias_both.pcapng")
        topic = next(p["mqtt"]["mqtt.topic"] for p in every if p["mqtt"]["mqtt.msgtype"] == 3)
        seen = self.packets("alias_both.pcapng", "--topic", topic, "--type", "publish")
        self.assertTrue(any(p["mqtt"]["mqtt.topic_len"] == 0 for p in seen))
        self.assertTrue(all(p["mqtt"]["mqtt.topic"] == topic for p in seen))
        self.assertEqual(len(seen), sum(p["mqtt"].get("mqtt.topic") == topic for p in every))

    def test_filters_are_combined_and_their_repeats_are_alternatives(self):
        every = self.packets("v311_flows.pcapng")
        publish = [p for p in every if p["mqtt"]["mqtt.msgtype"] == 3]
        for one, wanted in (("0", {0}), ("0,2", {0, 2})):
            seen = self.packets("v311_flows.pcapng", "--type", "publish", "--qos", one)
            self.assertEqual(places(seen), places([p for p in publish if p["mqtt"]["mqtt.qos"] in wanted]))
        both = self.packets("v311_flows.pcapng", "--type", "connect", "--type", "PUBLISH", "--stream", "0", "--stream", "1")
        self.assertEqual(places(both), places([p for p in every if p["mqtt"]["mqtt.msgtype"] in (1, 3) and p["stream"] in (0, 1)]))
        self.assertTrue(both)

    def test_clients_are_patterns(self):
        every = self.packets("v311_flows.pcapng")
        name = next(p["mqtt"]["mqtt.clientid"] for p in every if p["mqtt"].get("mqtt.clientid", "").startswith("sub-"))
        stream = next(p["stream"] for p in every if p["mqtt"].get("mqtt.clientid") == name)
        of_it = places([p for p in every if p["stream"] == stream])
        for pattern in (name, name[:-1] + "?", "*" + name[2:]):
            self.assertEqual(places(self.packets("v311_flows.pcapng", "--client", pattern)), of_it, pattern)
        self.assertEqual(self.packets("v311_flows.pcapng", "--client", "*a*a*a*a*a*a*a*a*a*b"), [])

    def test_a_client_is_known_by_the_identifier_that_it_was_assigned(self):
        every = self.packets("topic_alias.pcapng")
        given = next(p for p in every if p["mqtt"]["mqtt.msgtype"] == 2 and "mqtt.prop_string" in p["mqtt"]["mqtt.properties"])
        name = given["mqtt"]["mqtt.properties"]["mqtt.prop_string"]
        seen = self.packets("topic_alias.pcapng", "--client", name)
        self.assertEqual(places(seen), places([p for p in every if p["stream"] == given["stream"] and p["frame"] >= given["frame"]]))
        self.assertEqual({p["x"]["client"] for p in seen}, {name})

    def test_hosts_and_ports_are_of_either_end(self):
        every = self.packets("ipv6.pcapng")
        self.assertEqual(places(self.packets("ipv6.pcapng", "--host", "0:0::1")), places(every))
        self.assertEqual(self.packets("ipv6.pcapng", "--host", "127.0.0.1"), [])
        port = str(every[0]["sport"])
        self.assertEqual({p["stream"] for p in self.packets("ipv6.pcapng", "--port", port)}, {every[0]["stream"]})

    def test_gaps_and_notes_of_dropped_conversations_are_dropped(self):
        self.assertIn(b"gap", self.dump("lost_segment.pcapng").out)
        gone = self.dump("lost_segment.pcapng", "--stream", "4000000000")
        self.assertEqual((gone.out, gone.err), (b"", b"aldis dump: the filters take none of the %d packets\n" % len(self.packets("lost_segment.pcapng"))))

    def test_bad_values_are_refused_with_what_would_do(self):
        for option, value, word in (("--topic", "a/#/b", b"sensors/#"), ("--topic", "", b"sensors/#"), ("--type", "nope", b"publish"),
                                    ("--type", "publish,", b"empty"), ("--qos", "3", b"0 to 2"), ("--qos", "-1", b"0 to 2"), ("--host", "name", b"192.0.2.7"),
                                    ("--stream", "x", b"not 'x'"), ("--port", "70000", b"65535"), ("--client", "", b"sensor-*")):
            said = self.dump("ipv6.pcapng", f"{option}={value}", code=1)
            self.assertTrue(said.err.startswith(b"Error: " + option.encode()), said)
            self.assertIn(word, said.err)
            self.assertEqual(said.out, b"")

    def test_what_shows_nothing_says_why(self):
        for capture, options, word in (("keepalive.pcapng", ["--client", "nobody"], b"the filters take none of the "), ("tls13.pcapng", [], b"give a key log with --keylog"),
                                       ("tls13.pcapng", [], b"no MQTT was found in "), ("tls13.pcapng", ["--keylog", os.path.join(CAPTURES, "tls12.keys")], b"other sessions"),
                                       ("tls13.pcapng", ["--keylog", os.path.join(CAPTURES, "manifest.json")], b"holds no secrets")):
            said = self.dump(capture, *options)
            self.assertEqual(said.out, b"")
            self.assertIn(word, said.err)
        self.assertIn(b"nothing to read", self.run_tool("dump", "--hex", "-", data=b"").err)
        self.assertEqual(self.dump("keepalive.pcapng").err, b"")

    def test_a_packet_that_was_pasted_in_part_is_shown_as_far_as_it_goes(self):
        said = self.run_tool("dump", "--hex", "-", data=b"30 0c 00 03 61 2f 62 00 78\n")
        self.assertIn(b"Publish Message [a/b]  ~5.0 1B : x !cut: 9 of 14 bytes", said.out)
        self.assertIn(b"ends inside a packet: 9 of 14 bytes came", said.err)

    def test_words_that_do_not_go_together_are_refused(self):
        for options, word in ((["extra.pcap"], b"one input too many"), (["-Y", "mqtt"], b"--topic"), (["--nope"], b"unknown option"), (["--stats", "-V"], b"--stats takes the place"),
                              (["--stats", "-T", "fields", "-e", "mqtt.topic"], b"-T fields"), (["--extract", "-", "--json"], b"--extract takes the place")):
            self.assertIn(word, self.dump("keepalive.pcapng", *options, code=1).err)

    def test_what_cannot_be_read_is_told_with_its_place_and_its_chapter(self):
        wrong = {p["frame"]: p["malformed"] for p in self.packets("malformed_raw.pcapng") if p["malformed"]}
        self.assertEqual(wrong[34], {"at": 4, "reason": "the packet ends inside Topic: 32 bytes wanted, 3 left", "clause": "3.3"})
        self.assertEqual((wrong[966]["clause"], wrong[749]["clause"], wrong[827]["clause"]), ("3.1", "2.1.4", "1.5.5"))
        self.assertIn(b"inside Topic: 32 bytes wanted, 3 left [3.3]", self.dump("malformed_raw.pcapng").out)
        self.assertIn(b"Packet 0 cannot be read from byte 4 on: the packet ends inside Topic: 32 bytes wanted, 3 left [3.3]", self.dump("malformed_raw.pcapng", "-V").out)


class Secrets(Dump):
    def test_passwords_are_masked_in_every_output(self):
        sent = [p["mqtt"]["mqtt.passwd"] for p in self.packets("auth_fail.pcapng", "--show-secrets") if "mqtt.passwd" in p["mqtt"]]
        self.assertTrue(sent)
        for options in ([], ["-V"], ["-x"], ["--json"], ["-T", "fields", "-e", "mqtt.passwd"]):
            shown = self.dump("auth_fail.pcapng", *options).out
            for password in filter(lambda p: len(p) > 3, sent):
                self.assertNotIn(password.encode(), shown, options)
        self.assertEqual({p["mqtt"].get("mqtt.passwd", "****") for p in self.packets("auth_fail.pcapng")}, {"****"})
        fields = self.dump("auth_fail.pcapng", "-T", "fields", "-e", "mqtt.passwd", "--show-secrets").out.decode()
        self.assertTrue(all(password in fields for password in sent if password.isprintable()))


class Checks(Dump):
    def test_broken_rules_are_told_by_the_exit_status_only_when_asked_for(self):
        self.dump("malformed_raw.pcapng")
        self.dump("malformed_raw.pcapng", "--check", code=3)
        self.dump("malformed_raw.pcapng", "--check", "--stream", "4000000000", code=3)
        self.dump("keepalive.pcapng", "--check", "--no-flows")


if __name__ == "__main__":
    main()
