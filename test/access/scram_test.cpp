// SCRAM-SHA-256: the vector of RFC 7677 from both sides, what is not believed, and the form a secret is kept in.
#include <stdexcept>

#include <aldis/access/scram.hpp>
#include <support/catch.hpp>

using namespace aldis;
using namespace aldis::access;

namespace {

constexpr std::string_view client_nonce = "rOprNGfwEbeRWgbNEkqO", server_nonce = "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0";
constexpr std::string_view client_first = "n,,n=user,r=rOprNGfwEbeRWgbNEkqO";
constexpr std::string_view server_first = "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096";
constexpr std::string_view client_final = "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=";
constexpr std::string_view server_final = "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=";
constexpr std::string_view salt = "\x5b\x6d\x99\x68\x9d\x12\x35\x8e\xec\xa0\x4b\x14\x12\x36\xfa\x81";

scram_secret pencil() {
    auto const bytes = to_bytes(salt);
    return scram_secret::make("pencil", 4096, {bytes.begin(), bytes.end()});
}

scram_server::lookup only_user() {
    return [](std::string_view name) { return name == "user" ? std::optional(pencil()) : std::nullopt; };
}

std::optional<scram_fault> fault_of(scram_result<std::string> const& made) { return made ? std::nullopt : std::optional(made.error()); }
std::optional<scram_fault> fault_of(scram_result<void> const& made) { return made ? std::nullopt : std::optional(made.error()); }

using fault = scram_fault;

} // namespace

TEST_CASE("both sides of SCRAM-SHA-256 say what the vector of RFC 7677 says", "[access][scram]") {
    scram_client client("user", "pencil");
    scram_server server(only_user());

    CHECK(client.first(client_nonce) == client_first);
    auto const challenge = server.challenge(client_first, server_nonce);
    REQUIRE(challenge);
    CHECK(*challenge == server_first);
    auto const proof = client.answer(*challenge);
    REQUIRE(proof);
    CHECK(*proof == client_final);
    auto const signature = server.finish(*proof);
    REQUIRE(signature);
    CHECK(*signature == server_final);
    CHECK(client.check(*signature));
    CHECK(server.user_name() == "user");
}

TEST_CASE("each conversation has nonces of its own and ends once", "[access][scram]") {
    auto const   name = GENERATE(as<std::string>{}, "user", "a=b,c", "=2C", "with space");
    scram_client client(name, "pencil");
    scram_server server([&](std::string_view asked) { return asked == name ? std::optional(pencil()) : std::nullopt; });
    auto const   first = client.first();
    auto const   again = client.first();
    CHECK(first != again);

    auto const challenge = server.challenge(again);
    REQUIRE(challenge);
    CHECK(server.user_name() == name);
    auto const proof = client.answer(*challenge);
    REQUIRE(proof);
    CHECK(fault_of(client.answer(*challenge)) == fault::malformed);
    auto const signature = server.finish(*proof);
    REQUIRE(signature);
    CHECK(fault_of(server.finish(*proof)) == fault::malformed);
    CHECK(client.check(*signature));
    CHECK(fault_of(client.check(*signature)) == fault::malformed);
}

TEST_CASE("a client answers no server that it can not trust", "[access][scram]") {
    auto const [says, why] = GENERATE(table<std::string, fault>({
        {"", fault::malformed},
        {"r=", fault::malformed},
        {"e=other-error", fault::malformed},
        {"m=x,r=rOprNGfwEbeRWgbNEkqOx,s=QUJD,i=4096", fault::not_supported},
        {"r=rOprNGfwEbeRWgbNEkqO,s=QUJD,i=4096", fault::wrong_nonce},      // adds nothing to ours
        {"r=another,s=QUJD,i=4096", fault::wrong_nonce},
        {"r=rOprNGfwEbeRWgbNEkqO \x01,s=QUJD,i=4096", fault::malformed},
        {"r=rOprNGfwEbeRWgbNEkqOx,s=,i=4096", fault::malformed},
        {"r=rOprNGfwEbeRWgbNEkqOx,s=QUJ,i=4096", fault::malformed},
        {"r=rOprNGfwEbeRWgbNEkqOx,s=QU!D,i=4096", fault::malformed},
        {"r=rOprNGfwEbeRWgbNEkqOx,s=QUJD,i=4095", fault::too_few_rounds},
        {"r=rOprNGfwEbeRWgbNEkqOx,s=QUJD,i=200001", fault::too_many_rounds},
        {"r=rOprNGfwEbeRWgbNEkqOx,s=QUJD,i=99999999999999", fault::malformed},
        {"r=rOprNGfwEbeRWgbNEkqOx,s=QUJD,i=4096x", fault::malformed},
        {"r=rOprNGfwEbeRWgbNEkqOx,s=QUJD,i=04096", fault::malformed},
        {"r=rOprNGfwEbeRWgbNEkqOx,s=QUJD,i=-1", fault::malformed},
        {"r=rOprNGfwEbeRWgbNEkqOx,s=QUJD,i=", fault::malformed},
        {"r=rOprNGfwEbeRWgbNEkqOx,s=QUJD", fault::malformed},
        {"r=rOprNGfwEbeRWgbNEkqOx,s=QUJD,i=4096," + std::string(4096, 'x'), fault::malformed},
    }));
    CAPTURE(says);
    scram_client client("user", "pencil");
    (void)client.first(client_nonce);
    CHECK(fault_of(client.answer(says)) == why);
    CHECK(fault_of(client.check(server_final)) == fault::malformed);       // there is nothing to check by
}

TEST_CASE("a server proves that it knows the password or is not believed", "[access][scram]") {
    auto const [says, why] = GENERATE(table<std::string, std::optional<fault>>({
        {std::string(server_final), std::nullopt},
        {std::string(server_final) + ",x=extension", std::nullopt},
        {"v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G5=", fault::malformed},  // not canonical
        {"v=AAAATRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=", fault::not_proven},
        {"v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl9", fault::malformed},
        {"e=invalid-proof", fault::not_proven},
        {"v=", fault::malformed},
        {"", fault::malformed},
        {"x", fault::malformed},
    }));
    CAPTURE(says);
    scram_client client("user", "pencil");
    (void)client.first(client_nonce);
    REQUIRE(client.answer(server_first));
    CHECK(fault_of(client.check(says)) == why);
}

TEST_CASE("a server that skips the challenge proves nothing", "[access][scram]") {
    scram_client client("user", "pencil");
    CHECK(fault_of(client.answer(server_first)) == fault::malformed);      // nothing was begun
    (void)client.first(client_nonce);
    CHECK(fault_of(client.check(server_final)) == fault::malformed);
    CHECK(fault_of(client.answer(server_first)) == fault::malformed);
}

TEST_CASE("what SASLprep might change is refused with its reason", "[access][scram]") {
    auto const [name, password] = GENERATE(table<std::string, std::string>({{"us\xc3\xa9r", "x"}, {"user", "p\xc3\xa4ss"}, {"", "x"}, {"user", ""}, {"a\tb", "x"}}));
    scram_client client(name, password);
    CHECK(client.flaw() == fault::not_ascii);
    (void)client.first(client_nonce);
    CHECK(fault_of(client.answer(server_first)) == fault::not_ascii);
    CHECK_FALSE(scram_client("user", "pencil").flaw());
}

TEST_CASE("a server lets in nobody who does not prove the password", "[access][scram]") {
    scram_server server(only_user());
    scram_client client("user", "Pencil");
    SECTION("another password") {}
    SECTION("another user") { client = scram_client("nobody", "pencil"); }
    auto const challenge = server.challenge(client.first());
    REQUIRE(challenge);
    auto const proof = client.answer(*challenge);
    REQUIRE(proof);
    CHECK(fault_of(server.finish(*proof)) == fault::not_proven);
}

TEST_CASE("a user who does not exist has the same salt each time and another than the next one", "[access][scram]") {
    auto const salt_for = [](std::string_view name) {
        scram_server server([](std::string_view) { return std::optional<scram_secret>{}; });
        auto const   said = server.challenge("n,,n=" + std::string(name) + ",r=x", "y");
        REQUIRE(said);
        return *said;
    };
    CHECK(salt_for("a") == salt_for("a"));
    CHECK(salt_for("a") != salt_for("b"));
}

TEST_CASE("a server takes no client message that breaks the method", "[access][scram]") {
    auto const [says, why] = GENERATE(table<std::string, fault>({
        {"", fault::malformed},
        {"n,", fault::malformed},
        {"p=tls-unique,,n=user,r=x", fault::not_supported},
        {"n,a=other,n=user,r=x", fault::not_supported},
        {"n,,m=x,n=user,r=x", fault::not_supported},
        {"n,,n=us=er,r=x", fault::malformed},
        {"n,,n=us=2,r=x", fault::malformed},
        {"n,,n=,r=x", fault::malformed},
        {"n,,n=us\xc3\xa9r,r=x", fault::malformed},
        {"n,,n=user,r=", fault::malformed},
        {"n,,n=user,r=a b", fault::malformed},
        {"n,,n=user", fault::malformed},
        {"n,,r=x,n=user", fault::malformed},
        {"n,,n=user,r=" + std::string(4096, 'x'), fault::malformed},
    }));
    CAPTURE(says);
    scram_server server(only_user());
    CHECK(fault_of(server.challenge(says)) == why);
    CHECK(fault_of(server.finish(client_final)) == fault::malformed);
}

TEST_CASE("a server takes no proof that belongs elsewhere", "[access][scram]") {
    auto const [says, why] = GENERATE(table<std::string, fault>({
        {"c=biws,r=other,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=", fault::wrong_nonce},
        {"c=eSws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=", fault::malformed},
        {"c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0", fault::malformed},
        {"c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=AAAA", fault::malformed},
        {"r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=", fault::malformed},
        {"c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=AHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=", fault::not_proven},
    }));
    CAPTURE(says);
    scram_server server(only_user());
    REQUIRE(server.challenge(client_first, server_nonce));
    CHECK(fault_of(server.finish(says)) == why);
}

TEST_CASE("a client that could bind the channel is let in without", "[access][scram]") {
    scram_server server(only_user());
    REQUIRE(server.challenge("y,,n=user,r=x", "y"));
    CHECK(fault_of(server.finish("c=biws,r=xy,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=")) == fault::malformed);   // it said "y" before
    REQUIRE(server.challenge("y,,n=user,r=x", "y"));
    CHECK(fault_of(server.finish("c=eSws,r=xy,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=")) == fault::not_proven);
}

TEST_CASE("a secret is kept as text and never as password", "[access][scram]") {
    auto const text = pencil().text();
    CHECK(text == "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=");
    auto const read = scram_secret::parse(text);
    REQUIRE(read);
    CHECK(read->text() == text);
    CHECK(scram_secret::make("pencil").text() != scram_secret::make("pencil").text());

    CHECK_THROWS_AS(scram_secret::make("p\xc3\xa4ss"), std::invalid_argument);
    CHECK_THROWS_AS(scram_secret::make("x", 0), std::invalid_argument);
    CHECK_THROWS_AS(scram_secret::make("x", scram_secret::max_rounds + 1), std::invalid_argument);
}

TEST_CASE("what is no secret is told by nothing", "[access][scram]") {
    auto const whole = pencil().text();
    for (std::size_t end = 0; end < whole.size(); ++end) CHECK_FALSE(scram_secret::parse(whole.substr(0, end)));
    CHECK_FALSE(scram_secret::parse(whole + "="));
    CHECK_FALSE(scram_secret::parse("SCRAM-SHA-1" + whole.substr(13)));
    CHECK_FALSE(scram_secret::parse("SCRAM-SHA-256$0" + whole.substr(18)));
    CHECK_FALSE(scram_secret::parse("SCRAM-SHA-256$99999999" + whole.substr(18)));
}

TEST_CASE("each fault of SCRAM has a sentence", "[access][scram]") {
    for (auto const why : {fault::not_ascii, fault::malformed, fault::not_supported, fault::wrong_nonce, fault::too_few_rounds, fault::too_many_rounds, fault::not_proven})
        CHECK(text_of(why).size() > 20);
    CHECK(text_of(static_cast<fault>(99)) == "unknown");
}
