// decode(encode(p)) == p for packets made at random, the same ones in every run.
#include <memory>
#include <random>
#include <string>

#include <aldis/codec/topic.hpp>
#include <support/catch.hpp>
#include <support/packets.hpp>

using namespace aldis;
using namespace aldis::test;

namespace {

/// Makes packets that are good for one version and direction. What they view lives in the maker until the next packet.
class packet_maker {
public:
    packet_maker(unsigned seed, codec::context where) : random_(seed), where_(where) {}

    any_packet make() {
        texts_.clear();
        switch (pick(is_v5(where_.version) ? 15 : 14)) {
        case 0: return connect();
        case 1: return connack();
        case 2: return publish();
        case 3: return acknowledgement<packet::puback>();
        case 4: return acknowledgement<packet::pubrec>();
        case 5: return acknowledgement<packet::pubrel>();
        case 6: return acknowledgement<packet::pubcomp>();
        case 7: return subscribe();
        case 8: return codes<packet::suback>();
        case 9: return unsubscribe();
        case 10: return codes<packet::unsuback>();
        case 11: return packet::pingreq{};
        case 12: return packet::pingresp{};
        case 13: return disconnect();
        default: return auth();
        }
    }

private:
    unsigned pick(unsigned below) { return static_cast<unsigned>(random_() % below); }
    bool     maybe() { return pick(2) == 0; }
    bool     v5() const { return is_v5(where_.version); }

    std::string_view keep(std::string text) { return texts_.emplace_back(std::make_unique<std::string>(std::move(text))).operator*(); }

    std::string_view text(unsigned shortest = 0) {
        static constexpr std::string_view characters[] = {"a", "B", "0", " ", "/", "$", "\x01", "\xC3\xA4", "\xE2\x82\xAC", "\xF0\x9F\x92\xA1", "\xEF\xBB\xBF"};
        std::string out;
        auto const  length = shortest + pick(pick(20) == 0 ? 300 : 12);
        for (unsigned i = 0; i < length; ++i) out += characters[pick(static_cast<unsigned>(std::size(characters)))];
        return keep(out);
    }
    std::string_view topic() { return text(1); }
    std::string_view filter() {
        static constexpr std::string_view filters[] = {"#", "+", "a/#", "+/+/b", "/", "$share/g/a/+", "$share/\xC3\xA4/#"};
        return maybe() ? topic_filter_text() : filters[pick(static_cast<unsigned>(std::size(filters)))];
    }
    std::string_view topic_filter_text() { return keep("t/" + std::string(text())); }
    bytes_view binary() {
        std::string out;
        for (unsigned i = pick(pick(20) == 0 ? 20'000 : 20); i > 0; --i) out += static_cast<char>(pick(256));
        return to_bytes(keep(out));
    }
    packet_id id() { return static_cast<packet_id>(1 + pick(65'535)); }
    qos_level qos() { return static_cast<qos_level>(pick(3)); }

    property make_property(codec::property_spec const& row) {
        property p{.id = row.id};
        if (codec::is_number(row.type)) p.number = row.max == 0xFFFF'FFFF && row.min == 0 ? static_cast<std::uint32_t>(random_()) : row.min + static_cast<std::uint32_t>(random_() % (std::uint64_t{row.max} - row.min + 1));
        else if (row.type == codec::wire_type::text) p.text = text();
        else if (row.type == codec::wire_type::binary) p.binary = binary();
        else p.pair = {text(), text()};
        return p;
    }

    /// Random properties that may stand in `place`, `list` keeps them.
    properties props(places place, property_list& list, bool method = false) {
        list.clear();
        if (!v5()) return {};
        if (method) list.add<property_id::authentication_method>("method");
        auto const not_ours = where_.from == sender::client ? &codec::property_spec::server_only : &codec::property_spec::client_only;
        for (auto const& row : codec::property_specs) {
            bool const allowed = (row.allowed & place) != 0 && (where_.from == sender::either || (row.*not_ours & place) == 0);
            bool const about_auth = row.id == property_id::authentication_method || row.id == property_id::authentication_data;
            if (!allowed || pick(3) == 0 || about_auth) continue;
            auto const copies = (row.repeats & place) != 0 ? pick(4) : 1U;
            for (unsigned i = 0; i < copies; ++i) list.add(make_property(row));
        }
        if (method && maybe()) list.add<property_id::authentication_data>(binary());
        return list;
    }
    template <class Packet>
    properties props(Packet const&, bool method = false) { return props(in(Packet::type), list_, method); }

    reason_code reason(packet_type type) {
        if (!v5()) return reason_code::success;
        for (;;) {
            auto const& row = codec::reason_specs()[pick(static_cast<unsigned>(codec::reason_specs().size()))];
            if (codec::may_carry(type, row.code, where_.from)) return row.code;
        }
    }

    any_packet connect() {
        packet::connect p{.version = where_.version, .clean_start = maybe(), .keep_alive = static_cast<std::uint16_t>(random_()), .client_id = text(1)};
        if (maybe()) p.last_will = packet::will{.topic = topic(), .payload = binary(), .qos = qos(), .retain = maybe(), .props = props(in_will, will_list_)};
        if (maybe()) p.user_name = text();
        if (maybe() && (v5() || p.user_name)) p.password = binary();
        p.props = props(p, maybe());
        return p;
    }
    any_packet connack() {
        packet::connack p{.reason = reason(packet_type::connack)};
        p.session_present = p.reason == reason_code::success && maybe();
        p.props = props(p, maybe());
        return p;
    }
    any_packet publish() {
        packet::publish p{.topic = topic(), .payload = binary(), .qos = qos(), .retain = maybe()};
        p.dup = p.qos != qos_level::at_most_once && maybe();
        p.id = p.qos != qos_level::at_most_once ? id() : packet_id{0};
        p.props = props(p);
        if (p.props.has(property_id::topic_alias) && maybe()) p.topic = "";
        return p;
    }
    template <class Ack>
    any_packet acknowledgement() {
        Ack p{.id = id(), .reason = reason(Ack::type)};
        if (maybe()) p.props = props(p);
        return p;
    }
    any_packet subscribe() {
        subscriptions_.clear();
        for (unsigned i = 0; i <= pick(5); ++i) {
            subscription s{.filter = filter(), .qos = qos()};
            if (v5()) s.no_local = !is_shared(s.filter) && maybe(), s.retain_as_published = maybe(), s.retained = static_cast<retain_handling>(pick(3));
            subscriptions_.add(s);
        }
        packet::subscribe p{.id = id(), .filters = subscriptions_};
        p.props = props(p);
        return p;
    }
    any_packet unsubscribe() {
        filters_.clear();
        for (unsigned i = 0; i <= pick(5); ++i) filters_.add(filter());
        packet::unsubscribe p{.id = id(), .filters = filters_};
        p.props = props(p);
        return p;
    }
    template <class Answer>
    any_packet codes() {
        static constexpr reason_code v3_codes[] = {reason_code::success, reason_code::granted_qos_1, reason_code::granted_qos_2, reason_code::unspecified_error};
        codes_.clear();
        bool const none = !v5() && Answer::type == packet_type::unsuback;
        for (unsigned i = 0; !none && i <= pick(5); ++i) codes_.add(v5() ? reason(Answer::type) : v3_codes[pick(4)]);
        Answer p{.id = id(), .codes = codes_};
        p.props = props(p);
        return p;
    }
    any_packet disconnect() {
        packet::disconnect p{.reason = reason(packet_type::disconnect)};
        if (maybe()) p.props = props(p);
        return p;
    }
    any_packet auth() {
        packet::auth p{.reason = reason(packet_type::auth)};
        p.props = props(p, true);
        return p;
    }

    std::mt19937                              random_;
    codec::context                            where_;
    std::vector<std::unique_ptr<std::string>> texts_{};
    property_list                             list_{}, will_list_{};
    wire_builder<subscription>                subscriptions_{};
    wire_builder<std::string_view>            filters_{};
    wire_builder<reason_code>                 codes_{};
};

} // namespace

TEST_CASE("what is decoded is what was encoded", "[codec][round_trip]") {
    auto const version = GENERATE(protocol::v5, protocol::v3_1_1);
    auto const from = GENERATE(sender::client, sender::server, sender::either);
    packet_maker maker(20'261'121, {version, from});
    byte_buffer  out, again;
    std::vector<int> seen(16);
    for (int i = 0; i < 4'000; ++i) {
        auto const p = maker.make();
        INFO("packet " << i << " of " << name_of(version) << " from " << static_cast<int>(from) << ": " << dump(p));
        out.clear();
        auto const done = codec::encode(p, {version, from}, out);
        if (!done) FAIL(dump(done.error()));

        auto const back = decode_packet(out, {version, from});

        if (!back) FAIL(dump(back.error()));
        REQUIRE(*back == p);
        REQUIRE(dump(*back) == dump(p));
        again.clear();
        REQUIRE(codec::encode(*back, {version, from}, again));
        REQUIRE(again == out);
        ++seen[static_cast<std::size_t>(type_of(p))];
    }
    for (std::size_t type = 1; type <= 14; ++type) CHECK(seen[type] > 0);
}

TEST_CASE("a head and its payload are the packet", "[codec][round_trip][publish]") {
    auto const   version = GENERATE(protocol::v5, protocol::v3_1_1);
    packet_maker maker(7, {version, sender::server});
    int          seen = 0;
    for (int i = 0; i < 2'000; ++i) {
        auto const any = maker.make();
        auto const* const p = std::get_if<packet::publish>(&any);
        if (p == nullptr) continue;
        byte_buffer whole, head;
        REQUIRE(codec::encode(*p, {version, sender::server}, whole));
        REQUIRE(codec::encode_head(*p, {version, sender::server}, head));
        head.insert(head.end(), p->payload.begin(), p->payload.end());
        REQUIRE(head == whole);
        ++seen;
    }
    CHECK(seen > 50);
}

TEST_CASE("packets that differ in one field are not equal", "[codec][round_trip]") {
    packet_maker maker(3, v5);
    packet_maker same(3, v5);
    packet_maker other(4, v5);
    int          different = 0;
    for (int i = 0; i < 500; ++i) {
        auto const a = maker.make(), b = same.make(), c = other.make();
        REQUIRE(a == b);
        if (!(a == c)) ++different;
    }
    CHECK(different > 400);
    CHECK_FALSE(packet::puback{.id = 1} == packet::puback{.id = 2});
    CHECK_FALSE(packet::publish{.topic = "a"} == packet::publish{.topic = "a", .retain = true});
}
