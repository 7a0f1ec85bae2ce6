// SCRAM-SHA-256: RFC 5802 with the hash of RFC 7677, without channel binding.
#include <aldis/access/scram.hpp>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <stdexcept>
#include <utility>

#include "crypto.hpp"
#include "scram_text.hpp"

namespace aldis::access {
namespace {

constexpr std::string_view secret_prefix = "SCRAM-SHA-256$";

std::optional<std::uint32_t> read_number(std::string_view text) {
    std::uint32_t value = 0;
    auto const    read = std::from_chars(text.data(), text.data() + text.size(), value);
    bool const    is_canonical = !text.empty() && text[0] != '0' && read.ec == std::errc{} && read.ptr == text.data() + text.size();
    return is_canonical ? std::optional(value) : std::nullopt;
}

std::optional<scram_key> read_key(std::string_view text) {
    auto const bytes = crypto::from_base64(text);
    if (!bytes || bytes->size() != scram_key{}.size()) return std::nullopt;
    scram_key key{};
    std::copy(bytes->begin(), bytes->end(), key.begin());
    return key;
}

/// What stands before `mark`, which is taken off with it; all of it where there is none.
std::string_view cut(std::string_view& rest, char mark) {
    auto const end = std::min(rest.find(mark), rest.size());
    auto const part = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    return part;
}

scram_key with(scram_key a, scram_key const& b) noexcept {
    for (std::size_t i = 0; i < a.size(); ++i) a[i] ^= b[i];
    return a;
}

scram_key client_key_of(scram_key const& salted) { return crypto::hmac_sha256(salted, to_bytes("Client Key")); }
scram_key server_key_of(scram_key const& salted) { return crypto::hmac_sha256(salted, to_bytes("Server Key")); }

/// For users who do not exist: the same salt each time, which nobody can tell from a real one.
byte_buffer salt_of_nobody(std::string_view user_name) {
    static auto const key = crypto::random_bytes(32);
    auto const        made = crypto::hmac_sha256(key, to_bytes(user_name));
    return {made.begin(), made.begin() + 16};
}

} // namespace

std::string_view text_of(scram_fault why) noexcept {
    switch (why) {
    case scram_fault::not_ascii: return "user name and password must be printable ASCII, and not empty";
    case scram_fault::malformed: return "not a message of SCRAM, or not its turn";
    case scram_fault::not_supported: return "channel binding, an authorisation identity or an extension of SCRAM, none of which are supported";
    case scram_fault::wrong_nonce: return "the message belongs to another conversation";
    case scram_fault::too_few_rounds: return "too few iterations: the password could be guessed";
    case scram_fault::too_many_rounds: return "too many iterations: it would cost too much";
    case scram_fault::not_proven: return "the other side does not know the password";
    }
    return "unknown";
}

// ---- What a server keeps ----------------------------------------------------------------------------------------------

scram_secret scram_secret::make(std::string_view password, std::uint32_t rounds) { return make(password, rounds, crypto::random_bytes(16)); }

scram_secret scram_secret::make(std::string_view password, std::uint32_t rounds, byte_buffer salt) {
    if (!is_plain(password)) throw std::invalid_argument(std::string(text_of(scram_fault::not_ascii)));
    if (rounds == 0 || rounds > max_rounds) throw std::invalid_argument("iterations: 1 to 10000000");
    scram_secret made;
    made.rounds_ = rounds;
    auto const salted = crypto::pbkdf2_sha256(to_bytes(password), salt, rounds);
    made.salt_ = std::move(salt);
    made.stored_key_ = crypto::sha256(client_key_of(salted));
    made.server_key_ = server_key_of(salted);
    return made;
}

std::optional<scram_secret> scram_secret::parse(std::string_view text) {
    if (!text.starts_with(secret_prefix)) return std::nullopt;
    text.remove_prefix(secret_prefix.size());
    auto const   rounds = read_number(cut(text, ':'));
    auto const   salt = crypto::from_base64(cut(text, '$'));
    auto const   stored_key = read_key(cut(text, ':'));
    auto const   server_key = read_key(text);
    scram_secret made;
    if (!rounds || *rounds > max_rounds || !salt || salt->empty() || !stored_key || !server_key) return std::nullopt;
    made.rounds_ = *rounds;
    made.salt_ = *salt;
    made.stored_key_ = *stored_key;
    made.server_key_ = *server_key;
    return made;
}

std::string scram_secret::text() const {
    return std::string(secret_prefix) + std::to_string(rounds_) + ':' + crypto::to_base64(salt_) + '$' + crypto::to_base64(stored_key_) + ':' +
           crypto::to_base64(server_key_);
}

// ---- The client -------------------------------------------------------------------------------------------------------

std::optional<scram_fault> scram_client::flaw() const noexcept {
    return is_plain(user_name_) && is_plain(password_) ? std::nullopt : std::optional(scram_fault::not_ascii);
}

std::string scram_client::first(std::string_view nonce) {
    expected_.reset();
    nonce_ = nonce.empty() ? make_nonce() : std::string(nonce);
    bare_ = "n=" + escape_name(user_name_) + ",r=" + nonce_;
    return "n,," + bare_;
}

/// r=nonce,s=salt,i=count[,extensions]; an extension that must be understood would come first, with "m".
scram_result<std::string> scram_client::answer(std::string_view server_first) {
    auto const ours = std::exchange(nonce_, {});
    if (flaw()) return scram_fault::not_ascii;
    if (ours.empty() || server_first.size() > max_scram_message) return scram_fault::malformed;
    if (server_first.starts_with("m=")) return scram_fault::not_supported;
    auto       rest = server_first;
    auto const nonce = take_attribute(rest, 'r');
    auto const salt_text = nonce ? take_attribute(rest, 's') : std::nullopt;
    auto const count_text = salt_text ? take_attribute(rest, 'i') : std::nullopt;
    if (!count_text || !is_nonce(*nonce)) return scram_fault::malformed;
    if (!nonce->starts_with(ours) || nonce->size() == ours.size()) return scram_fault::wrong_nonce;
    auto const salt = crypto::from_base64(*salt_text);
    auto const rounds = read_number(*count_text);
    if (!salt || salt->empty() || !rounds) return scram_fault::malformed;
    if (*rounds < limits_.least()) return scram_fault::too_few_rounds;
    if (*rounds > limits_.most()) return scram_fault::too_many_rounds;
    return prove(server_first, *nonce, *salt, *rounds);
}

std::string scram_client::prove(std::string_view server_first, std::string_view nonce, bytes_view salt, std::uint32_t rounds) {
    auto const without_proof = "c=biws,r=" + std::string(nonce);   // "n,," in base64
    auto const signed_text = bare_ + "," + std::string(server_first) + "," + without_proof;
    auto const salted = crypto::pbkdf2_sha256(to_bytes(password_), salt, rounds);
    auto const client_key = client_key_of(salted);
    auto const signature = crypto::hmac_sha256(crypto::sha256(client_key), to_bytes(signed_text));
    expected_ = crypto::hmac_sha256(server_key_of(salted), to_bytes(signed_text));
    return without_proof + ",p=" + crypto::to_base64(with(client_key, signature));
}

scram_result<void> scram_client::check(std::string_view server_final) {
    auto const expected = std::exchange(expected_, std::nullopt);
    nonce_.clear();
    if (!expected || server_final.size() > max_scram_message) return scram_fault::malformed;
    if (server_final.starts_with("e=")) return scram_fault::not_proven;
    auto const value = take_attribute(server_final, 'v');
    auto const signature = value ? read_key(*value) : std::nullopt;
    if (!signature) return scram_fault::malformed;
    if (!crypto::are_equal(*signature, *expected)) return scram_fault::not_proven;
    return {};
}

// ---- The server -------------------------------------------------------------------------------------------------------

/// n,,n=name,r=nonce[,extensions]. "y": the client could bind the channel and thinks that we can not, which is true.
scram_result<std::string> scram_server::challenge(std::string_view client_first, std::string_view nonce) {
    nonce_.clear();
    if (client_first.size() > max_scram_message) return scram_fault::malformed;
    if (client_first.starts_with("p=") || client_first.starts_with("n,a=") || client_first.starts_with("y,a=")) return scram_fault::not_supported;
    if (!client_first.starts_with("n,,") && !client_first.starts_with("y,,")) return scram_fault::malformed;
    auto const bare = client_first.substr(3);
    if (bare.starts_with("m=")) return scram_fault::not_supported;
    auto       rest = bare;
    auto const name_text = take_attribute(rest, 'n');
    auto const name = name_text ? unescape_name(*name_text) : std::nullopt;
    auto const theirs = name ? take_attribute(rest, 'r') : std::nullopt;
    if (!theirs || !is_nonce(*theirs) || !is_plain(*name)) return scram_fault::malformed;

    user_name_ = *name;
    secret_ = find_(user_name_);
    exists_ = secret_.has_value();
    auto const salt = exists_ ? byte_buffer(secret_->salt().begin(), secret_->salt().end()) : salt_of_nobody(user_name_);
    auto const rounds = exists_ ? secret_->rounds() : scram_secret::default_rounds;
    nonce_ = std::string(*theirs) + (nonce.empty() ? make_nonce() : std::string(nonce));
    auto answer = "r=" + nonce_ + ",s=" + crypto::to_base64(salt) + ",i=" + std::to_string(rounds);
    said_ = std::string(bare) + "," + answer;
    binding_ = crypto::to_base64(to_bytes(client_first.substr(0, 3)));
    return answer;
}

/// c=binding,r=nonce[,extensions],p=proof
scram_result<std::string> scram_server::finish(std::string_view client_final) {
    auto const nonce = std::exchange(nonce_, {});
    if (nonce.empty() || client_final.size() > max_scram_message) return scram_fault::malformed;
    auto       rest = client_final;
    auto const binding = take_attribute(rest, 'c');
    auto const repeated = binding ? take_attribute(rest, 'r') : std::nullopt;
    auto const at_proof = client_final.rfind(",p=");
    if (!repeated || *binding != binding_ || at_proof == std::string_view::npos) return scram_fault::malformed;
    if (*repeated != nonce) return scram_fault::wrong_nonce;
    auto const proof = read_key(client_final.substr(at_proof + 3));
    if (!proof) return scram_fault::malformed;

    auto const signed_text = said_ + "," + std::string(client_final.substr(0, at_proof));
    auto const nobody = scram_key{};
    auto const signature = crypto::hmac_sha256(exists_ ? secret_->stored_key() : nobody, to_bytes(signed_text));
    bool const is_right = crypto::are_equal(crypto::sha256(with(*proof, signature)), exists_ ? secret_->stored_key() : nobody);
    if (!is_right || !exists_) return scram_fault::not_proven;
    return "v=" + crypto::to_base64(crypto::hmac_sha256(secret_->server_key(), to_bytes(signed_text)));
}

} // namespace aldis::access
