// What a broker bears, and what it says when it is too much; and who may do what.
#include "guests.hpp"

using namespace aldis;
using namespace aldis::test;
using texts = std::vector<std::string>;

namespace {

constexpr auto qos_1 = qos_level::at_least_once;

broker_options limited(broker_limits const& l) { return broker_options{}.limits(l); }

entrance from(std::string address) {
    entrance how;
    how.address = std::move(address);
    return how;
}

std::string deep(std::size_t levels) {
    std::string made = "x";
    for (std::size_t i = 1; i < levels; ++i) made += "/x";
    return made;
}

} // namespace

// ---- Before CONNECT -------------------------------------------------------------------------------------------------------

TEST_CASE("who does not say who he is in time is closed", "[broker]") {
    house h;
    serving::peer silent(h.core.settings_for(nullptr), nullptr, h.core.notes().clock());
    silent.address_key = "192.0.2.7";
    REQUIRE(h.core.opened(silent, {}, h.now));
    h.pass(9s);
    CHECK_FALSE(silent.engine.finished());
    h.pass(2s);
    CHECK(silent.engine.finished());
    h.core.gone(silent, h.now);
    CHECK(h.core.counted().connections == 0);
}

TEST_CASE("connections that are not let in yet are counted, of all and of each address", "[broker]") {
    house h(limited(broker_limits{}.max_unauthenticated(3).max_unauthenticated_per_address(2)));
    std::list<serving::peer> silent;
    auto const come = [&](std::string address, bool is_local = false) {
        auto& p = silent.emplace_back(h.core.settings_for(nullptr), nullptr, h.core.notes().clock());
        p.address_key = std::move(address);
        p.is_local = is_local;
        bool const in = h.core.opened(p, {}, h.now);
        if (!in) silent.pop_back();
        return in;
    };
    CHECK(come("192.0.2.1"));
    CHECK(come("192.0.2.1"));
    CHECK_FALSE(come("192.0.2.1"));
    CHECK(come("127.0.0.1", true));
    CHECK_FALSE(come("127.0.0.1", true));
    for (auto& each : silent) h.core.gone(each, h.now);
    silent.clear();
    CHECK(h.enter("lamp").is_in());
    CHECK(come("192.0.2.1"));
    h.core.gone(silent.back(), h.now);
}

TEST_CASE("a CONNECT that is too large is refused before it is read", "[broker]") {
    house h(limited(broker_limits{}.max_connect_packet_size(200)));
    entrance how;
    how.user = std::string(300, 'u');
    auto& lamp = h.enter("lamp", how);
    CHECK(lamp.refused == reason_code::packet_too_large);
    how.user = std::string(9'000, 'u');
    lamp.connect(how);
    CHECK_FALSE(lamp.is_in());
    CHECK(lamp.refused == std::nullopt);
    auto& other = h.enter("other");
    other.subscribe("t");
    other.publish("t", std::string(1'000, 'x'));
    CHECK(other.got.size() == 1);
}

TEST_CASE("identifiers and user names have a length", "[broker]") {
    house h(limited(broker_limits{}.max_client_id_length(8).max_user_name_length(8)));
    CHECK(h.enter("123456789").refused == reason_code::client_identifier_not_valid);
    entrance how;
    how.user = "123456789";
    CHECK(h.enter("lamp", how).refused == reason_code::bad_user_name_or_password);
    CHECK(h.enter("12345678").is_in());
}

TEST_CASE("connecting has a rate, for all and for each address but this machine's", "[broker]") {
    house h(limited(broker_limits{}.max_connect_rate(6).max_connect_rate_per_address(2)));
    CHECK(h.enter("1", from("192.0.2.1:1")).is_in());
    CHECK(h.enter("2", from("192.0.2.1:2")).is_in());
    CHECK(h.enter("3", from("192.0.2.1:3")).refused == reason_code::connection_rate_exceeded);
    CHECK(h.enter("4", from("127.0.0.1:1")).is_in());
    CHECK(h.enter("5", from("127.0.0.1:2")).is_in());
    CHECK(h.enter("6", from("127.0.0.1:3")).is_in());
    CHECK(h.enter("7", from("127.0.0.1:4")).refused == reason_code::connection_rate_exceeded);
    h.pass(1s);
    CHECK(h.enter("3", from("192.0.2.1:3")).is_in());
}

TEST_CASE("clients above the number are refused with a word for each version", "[broker]") {
    house h(limited(broker_limits{}.max_connections(1)));
    h.enter("lamp");
    CHECK(h.enter("five").refused == reason_code::server_unavailable);
    entrance how;
    how.version = protocol::v3_1_1;
    CHECK(h.enter("three", how).refused == reason_code::server_unavailable);
}

TEST_CASE("the longest keep-alive is told, and kept to", "[broker][MQTT-3.2.2-21][MQTT-3.2.2-22]") {
    house h(limited(broker_limits{}.max_keepalive(20)));
    auto const asked = GENERATE(std::uint16_t{0}, std::uint16_t{100});
    entrance how;
    how.keep_alive = asked;
    auto& lamp = h.enter("lamp", how);
    CHECK(lamp.connack.view().get<property_id::server_keep_alive>() == 20);
    how.version = protocol::v3_1_1;
    auto& old = h.enter("old", how);
    h.pass(31s);
    CHECK_FALSE(lamp.is_in());
    CHECK(old.is_in());
}

TEST_CASE("clients before 5.0 that ask for a longer keep-alive can be refused", "[broker]") {
    house h(limited(broker_limits{}.max_keepalive(20).enforce_keepalive_v3(true)));
    entrance how;
    how.version = protocol::v3_1_1;
    how.keep_alive = 0;
    CHECK(h.enter("old", how).refused == reason_code::client_identifier_not_valid);
    how.keep_alive = 20;
    CHECK(h.enter("old", how).is_in());
}

// ---- Messages -------------------------------------------------------------------------------------------------------------

TEST_CASE("topics and filters have a length and a depth", "[broker]") {
    house h(limited(broker_limits{}.max_topic_length(100).max_topic_levels(10)));
    auto& lamp = h.enter("lamp");
    using enum reason_code;
    for (auto const& filter : {deep(11), std::string(101, 'x')}) {
        lamp.subscribe(filter);
        CHECK(lamp.codes == std::vector{topic_filter_invalid});
        lamp.publish(filter, "x", qos_1, true);
        CHECK(lamp.answers.back() == topic_name_invalid);
    }
    lamp.subscribe(deep(10));
    CHECK(lamp.codes == std::vector{granted_qos_2});
    CHECK(h.core.retained().size() == 0);
    entrance how;
    auto const too_deep = deep(11);
    how.will = packet::will{.topic = too_deep};
    CHECK(h.enter("other", how).refused == topic_name_invalid);
}

TEST_CASE("subscriptions of a session and filters of a packet are bounded", "[broker]") {
    house h(limited(broker_limits{}.max_subscriptions(2).max_filters_per_packet(2)));
    auto& lamp = h.enter("lamp");
    lamp.subscribe("a");
    lamp.subscribe("b");
    lamp.subscribe("c");
    CHECK(lamp.codes == std::vector{reason_code::quota_exceeded});
    lamp.subscribe("a", qos_1);
    CHECK(lamp.codes == std::vector{reason_code::granted_qos_1});
    wire_builder<subscription> three;
    for (auto const* const filter : {"a", "b", "c"}) three.add(subscription{.filter = filter});
    lamp.codes.clear();
    REQUIRE(lamp.engine->subscribe(three.view(), {}, h.now));
    h.settle();
    CHECK(lamp.codes == std::vector(3, reason_code::quota_exceeded));
}

TEST_CASE("retained messages are bounded in number, and a 3.1.1 client is not told that one was kept", "[broker]") {
    house h(limited(broker_limits{}.max_retained_messages(2)));
    auto& lamp = h.enter("lamp");
    for (auto const* const topic : {"a", "b", "c"}) lamp.publish(topic, "x", qos_1, true);
    CHECK(lamp.answers.back() == reason_code::quota_exceeded);
    CHECK(h.core.retained().size() == 2);
    entrance how;
    how.version = protocol::v3_1_1;
    auto& old = h.enter("old", how);
    old.publish("d", "x", qos_1, true);
    CHECK(old.answers.empty());
    CHECK_FALSE(old.is_in());
}

TEST_CASE("retaining has a rate", "[broker]") {
    house h(limited(broker_limits{}.max_retained_rate(3)));
    auto& lamp = h.enter("lamp");
    for (int i = 0; i < 4; ++i) lamp.publish("t/" + std::to_string(i), "x", qos_1, true);
    CHECK(h.core.retained().size() == 3);
    h.pass(1s);
    lamp.publish("t/4", "x", qos_1, true);
    CHECK(h.core.retained().size() == 4);
}

TEST_CASE("user properties are bounded", "[broker]") {
    house h(limited(broker_limits{}.max_user_properties(2)));
    property_list two, three;
    two.add<property_id::user_property>({"a", "1"}).add<property_id::user_property>({"a", "1"});
    three = two;
    three.add<property_id::user_property>({"a", "1"});
    auto& lamp = h.enter("lamp");
    lamp.publish("t", "x", qos_1, false, three);
    lamp.publish("t", "x", qos_1, false, two);
    CHECK(lamp.answers == std::vector{reason_code::quota_exceeded, reason_code::no_matching_subscribers});
    entrance how;
    how.props = three;
    CHECK(h.enter("other", how).refused == reason_code::quota_exceeded);
}

TEST_CASE("a client that publishes faster than it may is slowed down, not cut off", "[broker]") {
    house h(limited(broker_limits{}.max_publish_rate(10)));
    auto& writer = h.enter("writer");
    auto& reader = h.enter("reader");
    reader.subscribe("t");
    for (int i = 0; i < 30; ++i) writer.publish("t", std::to_string(i), qos_1);
    CHECK(reader.got.size() < 20);
    h.pass(3s);
    CHECK(reader.got.size() == 30);
    CHECK(writer.is_in());
}

TEST_CASE("a slow consumer costs what is allowed and nobody else anything", "[broker]") {
    house h(limited(broker_limits{}.max_output(10'000).max_queued_messages(10).max_queued_bytes(20'000)));
    auto& slow = h.enter("slow");
    auto& quick = h.enter("quick");
    auto& writer = h.enter("writer");
    auto const qos = GENERATE(qos_level::at_most_once, qos_1);
    slow.subscribe("t", qos);
    quick.subscribe("t", qos);
    slow.takes = false;
    for (int i = 0; i < 500; ++i) writer.publish("t", std::string(1'000, 'x'), qos);
    CHECK(quick.got.size() == 500);
    CHECK(h.core.bytes_kept() < 100'000);
    CHECK(h.core.find("slow")->dropped > 300);
    slow.takes = true;
    h.settle();
    CHECK(slow.got.size() >= 10);
    CHECK(slow.got.size() < 200);
}

TEST_CASE("the largest packet that a client takes is kept to", "[broker][MQTT-3.1.2-24][MQTT-3.1.2-25]") {
    house h;
    entrance how;
    how.how.own.maximum_packet_size = 200;
    auto& small = h.enter("small", how);
    small.subscribe("t");
    auto& writer = h.enter("writer");
    for (auto const qos : {qos_level::at_most_once, qos_1, qos_level::exactly_once}) {
        writer.publish("t", std::string(300, 'x'), qos);
        writer.publish("t", "fits", qos);
    }
    CHECK(small.texts() == texts{"fits", "fits", "fits"});
}

TEST_CASE("when memory is short connections and messages are refused, and what is there goes on", "[broker]") {
    house h(limited(broker_limits{}.memory_limit(5'000)));
    auto& writer = h.enter("writer");
    for (int i = 0; i < 8; ++i) writer.publish("r/" + std::to_string(i), std::string(1'000, 'x'), qos_1, true);
    CHECK(writer.answers.back() == reason_code::quota_exceeded);
    CHECK(h.enter("other").refused == reason_code::quota_exceeded);
    CHECK(writer.is_in());
}

// ---- Who may what ---------------------------------------------------------------------------------------------------------

TEST_CASE("without rules everything is allowed, with them what no rule gives is not", "[broker]") {
    auto const rules = std::make_shared<access::acl_file const>(access::acl_file::parse(
        "topic read news/#\n"
        "user ada\n"
        "topic readwrite ada/#\n"
        "pattern write status/%c\n"));
    house h(broker_options{}.acl(rules));
    entrance how;
    how.user = "ada";
    auto& ada = h.enter("lamp", how);
    auto& guest = h.enter("guest");
    using enum reason_code;
    ada.subscribe("ada/#");
    CHECK(ada.codes == std::vector{granted_qos_2});
    guest.subscribe("ada/#");
    CHECK(guest.codes == std::vector{not_authorized});
    guest.subscribe("$share/g/ada/x");
    CHECK(guest.codes == std::vector{not_authorized});
    guest.subscribe("news/#");
    CHECK(guest.codes == std::vector{granted_qos_2});

    ada.publish("ada/x", "1", qos_1);
    ada.publish("status/lamp", "1", qos_1);
    ada.publish("status/other", "1", qos_1);
    CHECK(ada.answers == std::vector{success, no_matching_subscribers, not_authorized});
    guest.publish("news/x", "1", qos_1, true);
    CHECK(guest.answers == std::vector{not_authorized});
    CHECK(h.core.retained().size() == 0);
}

TEST_CASE("a wide subscription brings what may be read and nothing else", "[broker]") {
    auto const rules = std::make_shared<access::acl_file const>(
        access::acl_file::parse("topic read open/#\nuser boss\ntopic readwrite #\n"));
    house h(broker_options{}.acl(rules));
    entrance boss_entrance;
    boss_entrance.user = "boss";
    auto& boss = h.enter("boss", boss_entrance);
    boss.publish("secret", "kept", qos_1, true);
    boss.publish("open/a", "kept too", qos_1, true);
    auto& guest = h.enter("guest");
    guest.subscribe("#");
    boss.publish("secret", "1", qos_1);
    boss.publish("open/a", "2", qos_1);
    CHECK(guest.texts() == texts{"kept too", "2"});
}

TEST_CASE("a will that may not be published refuses the connection", "[broker]") {
    auto const rules = std::make_shared<access::acl_file const>(access::acl_file::parse("topic readwrite mine/#\n"));
    house h(broker_options{}.acl(rules));
    entrance how;
    how.will = packet::will{.topic = "other"};
    CHECK(h.enter("lamp", how).refused == reason_code::not_authorized);
    how.will = packet::will{.topic = "mine/will"};
    CHECK(h.enter("lamp", how).is_in());
}

TEST_CASE("rules that are read again hold for those who are there", "[broker]") {
    house h;
    auto& lamp = h.enter("lamp");
    lamp.subscribe("t");
    lamp.publish("t", "1", qos_1);
    auto const rules = std::make_shared<access::acl_file const>(access::acl_file::parse("topic read other\n"));
    h.core.reload(std::make_shared<broker_options const>(broker_options{}.acl(rules)), h.now);
    lamp.publish("t", "2", qos_1);
    CHECK(lamp.texts() == texts{"1"});
    CHECK(lamp.answers.back() == reason_code::not_authorized);
}

TEST_CASE("a hook decides on each topic beside the rules", "[broker]") {
    texts asked;
    house h(broker_options{}.authorise([&](client_identity const& who, access_kind what, std::string_view topic) {
        asked.push_back(std::string(who.client_id) + " " + std::to_string(static_cast<int>(what)) + " " + std::string(topic));
        return topic != "no";
    }));
    auto& lamp = h.enter("lamp");
    lamp.subscribe("$share/g/no");
    CHECK(lamp.codes == std::vector{reason_code::not_authorized});
    lamp.subscribe("yes");
    lamp.publish("no", "1", qos_1);
    lamp.publish("yes", "1", qos_1);
    CHECK(asked == texts{"lamp 2 no", "lamp 2 yes", "lamp 1 no", "lamp 1 yes", "lamp 0 yes"});
}

TEST_CASE("a hook lets in, refuses with a reason, or gives another name", "[broker]") {
    house h(broker_options{}.authenticate([](connecting_client const& who) {
        if (who.request.client_id == "bad") return admission::refuse(reason_code::banned, "not you");
        return admission::accept().user_name("known");
    }));
    auto& bad = h.enter("bad");
    CHECK(bad.refused == reason_code::banned);
    CHECK(h.enter("good").is_in());
    CHECK(h.core.find("good")->user_name == "known");
}

TEST_CASE("a hook sees each message before anybody gets it, and may alter or refuse it", "[broker]") {
    auto const rules = std::make_shared<access::acl_file const>(access::acl_file::parse("topic readwrite t/#\n"));
    house      h(broker_options{}.acl(rules).on_publish([](client_identity const& who, packet::publish const& m) {
        CHECK(who.client_id == "writer");
        auto const text = to_text(m.payload);
        if (text == "no") return publish_verdict::refuse(reason_code::payload_format_invalid);
        if (text == "odd") return publish_verdict::refuse(reason_code::session_taken_over);
        auto verdict = publish_verdict::accept();
        if (text == "move") verdict.topic("t/moved");
        if (text == "astray") verdict.topic("elsewhere");
        if (text == "bad") verdict.topic("t/#");
        if (text == "change") verdict.payload({std::byte{'c'}}).props(property_list{}.add<property_id::user_property>({"a", "1"}));
        return verdict;
    }));
    auto& reader = h.enter("reader");
    auto& writer = h.enter("writer");
    reader.subscribe("t/#");
    for (auto const* const text : {"no", "odd", "move", "astray", "bad", "change", "plain"}) writer.publish("t/x", text, qos_1);
    using enum reason_code;
    CHECK(writer.answers == std::vector{payload_format_invalid, unspecified_error, success, not_authorized, topic_name_invalid, success, success});
    REQUIRE(reader.got.size() == 3);
    CHECK(reader.got[0].topic == "t/moved");
    CHECK(reader.got[1].props == "a=1;");
    CHECK(reader.texts() == texts{"move", "c", "plain"});
}

TEST_CASE("a hook is told what becomes of sessions", "[broker]") {
    texts said;
    house h(broker_options{}.on_session([&](client_identity const& who, session_event what) {
        said.push_back(std::string(who.client_id) + std::to_string(static_cast<int>(what)));
    }));
    entrance how;
    how.expiry = 10;
    auto& lamp = h.enter("lamp", how);
    lamp.cut();
    lamp.connect();
    lamp.leave();
    CHECK(said == texts{"lamp0", "lamp1", "lamp2", "lamp0", "lamp1", "lamp2"});
}

TEST_CASE("a hook may take its time, and may answer too late or twice", "[broker]") {
    std::vector<admit_handler> waiting;
    house h(broker_options{}.authenticate_later([&](connecting_client const&, admit_handler answer) { waiting.push_back(std::move(answer)); }));
    auto& one = h.enter("one");
    auto& two = h.enter("two");
    auto& three = h.enter("three");
    CHECK_FALSE(one.is_in());
    waiting[0](admission::accept());
    waiting[0](admission::refuse());
    waiting[1](admission::refuse());
    three.cut();
    waiting[2](admission::accept());
    h.settle();
    CHECK(one.is_in());
    CHECK(two.refused == reason_code::not_authorized);
    CHECK(h.core.sessions() == 1);
}

TEST_CASE("enhanced authentication that nobody knows is refused", "[broker][MQTT-4.12.0-1]") {
    house h;
    entrance how;
    how.props.add<property_id::authentication_method>("SCRAM-SHA-1");
    CHECK(h.enter("lamp", how).refused == reason_code::bad_authentication_method);
}

TEST_CASE("anonymous clients come in where only this machine can, unless it is said otherwise", "[broker]") {
    broker_listener here("mqtt://127.0.0.1:1883"), everywhere("mqtt://*:1883"), open("mqtt://*:1884");
    open.allow_anonymous(true);
    auto const users = std::make_shared<access::password_file>();
    users->put("ada", to_bytes("secret"), {access::password_hash::kind::sha512_pbkdf2, 1});
    struct row { broker_options how; broker_listener const* where; bool in; };
    for (auto const& each : {row{broker_options{}, &here, true}, row{broker_options{}, &everywhere, false}, row{broker_options{}, &open, true},
                             row{broker_options{}.allow_anonymous(true), &everywhere, true}, row{broker_options{}.passwords(users), &here, false},
                             row{broker_options{}.allow_anonymous(false), &here, false}}) {
        house h(each.how);
        entrance how;
        how.where = each.where;
        auto& lamp = h.enter("lamp", how);
        CHECK(lamp.is_in() == each.in);
        if (!each.in) CHECK(lamp.refused == reason_code::not_authorized);
    }
}

TEST_CASE("bounds are told under SYS, new ones after a reload, and have room beside what clients retain", "[broker]") {
    house h(limited(broker_limits{}.max_retained_messages(2).max_sessions(7)));
    h.core.begin(h.now);
    auto& watcher = h.enter("watcher");
    watcher.subscribe("$SYS/broker/limits/max_sessions");
    CHECK(watcher.texts() == std::vector<std::string>{"7"});
    for (auto const* const topic : {"a", "b", "c"}) watcher.publish(topic, "kept", qos_level::at_least_once, true);
    using enum reason_code;
    CHECK(watcher.answers == std::vector{no_matching_subscribers, no_matching_subscribers, quota_exceeded});

    h.core.reload(std::make_shared<broker_options const>(limited(broker_limits{}.max_retained_messages(3).max_sessions(8))), h.now);
    h.pass(10s);
    CHECK(watcher.texts() == std::vector<std::string>{"8"});
    watcher.publish("c", "kept", qos_level::at_least_once, true);
    CHECK(watcher.answers.back() == no_matching_subscribers);
}

TEST_CASE("a reload can end what is told under SYS, and begin it", "[broker]") {
    house h(broker_options{}.sys_interval(std::chrono::seconds{0}));
    h.core.begin(h.now);
    CHECK(h.core.retained().size() == 0);
    CHECK_FALSE(h.core.deadline());
    h.core.reload(std::make_shared<broker_options const>(), h.now);
    CHECK(h.core.retained().size() > 20);
    CHECK(h.core.deadline());
    h.core.reload(std::make_shared<broker_options const>(broker_options{}.sys_interval(std::chrono::seconds{0})), h.now);
    CHECK_FALSE(h.core.deadline());
}

// ---- Floods -----------------------------------------------------------------------------------------------------------------

TEST_CASE("a flood of retained messages stops at the bytes that there may be", "[broker][hostile]") {
    house h(limited(broker_limits{}.max_retained_bytes(20'000)));
    auto& lamp = h.enter("lamp");
    for (int i = 0; i < 500; ++i) lamp.publish("t/" + std::to_string(i), std::string(500, 'x'), qos_1, true);
    CHECK(h.core.retained().bytes() <= 20'000);
    CHECK(h.core.retained().size() > 10);
    CHECK(std::count(lamp.answers.begin(), lamp.answers.end(), reason_code::quota_exceeded) > 400);
    lamp.publish("t/0", "", qos_1, true);
    lamp.publish("t/499", std::string(500, 'x'), qos_1, true);
    CHECK(lamp.answers.back() == reason_code::no_matching_subscribers);
}

TEST_CASE("a flood of sessions stops at the number that there may be, with all that they would keep", "[broker][hostile]") {
    house h(limited(broker_limits{}.max_sessions(20).max_connect_rate(0).max_connect_rate_per_address(0)));
    entrance how;
    how.expiry = 1'000;
    for (int i = 0; i < 300; ++i) {
        auto& one = h.enter("flood-" + std::to_string(i), how);
        if (one.is_in()) one.subscribe("t");
        one.cut();
    }
    CHECK(h.core.sessions() == 20);
    CHECK(h.core.subscriptions().size() == 20);
    h.pass(1'001s);
    CHECK(h.core.sessions() == 0);
    CHECK(h.core.bytes_kept() == 0);
    CHECK(h.enter("late", how).is_in());
}

TEST_CASE("a flood of properties is refused wherever it comes", "[broker][hostile]") {
    house         h(limited(broker_limits{}.max_user_properties(2).max_user_property_bytes(1'000)));
    property_list many, large;
    for (int i = 0; i < 3; ++i) many.add<property_id::user_property>({"a", "1"});
    large.add<property_id::user_property>({"a", std::string(1'000, 'x')});
    for (auto const* const flood : {&many, &large}) {
        auto& lamp = h.enter("lamp");
        lamp.publish("t", "x", qos_1, false, *flood);
        CHECK(lamp.answers.back() == reason_code::quota_exceeded);
        wire_builder<subscription> one;
        one.add(subscription{.filter = "t"});
        REQUIRE(lamp.engine->subscribe(one.view(), flood->view(), h.now));
        h.settle();
        CHECK(lamp.codes == std::vector{reason_code::quota_exceeded});
        CHECK(h.core.subscriptions().size() == 0);

        packet::will left;
        left.topic = "t";
        left.props = *flood;
        entrance how;
        how.will = left;
        CHECK(h.enter("mortal", how).refused == reason_code::quota_exceeded);
        how.will.reset();
        how.props = *flood;
        CHECK(h.enter("talker", how).refused == reason_code::quota_exceeded);
    }
}
