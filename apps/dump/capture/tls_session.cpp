// A TLS connection, decrypted where its keys are known.
#include "tls_session.hpp"

#include <algorithm>
#include <cstring>

#include "integers.hpp"

namespace aldis::app::dump {
namespace {

constexpr std::size_t record_head = 5;
constexpr std::size_t max_sealed = 16'384 + 2048;
constexpr std::size_t explicit_nonce = 8;
constexpr int         max_missing_records = 64;

namespace record_type {
constexpr std::uint8_t change_cipher_spec = 20, alert = 21, handshake = 22, application_data = 23;
} // namespace record_type
namespace message_type {
constexpr std::uint8_t client_hello = 1, server_hello = 2, finished = 20, key_update = 24;
} // namespace message_type

constexpr std::uint16_t version_12 = 0x0303, version_13 = 0x0304;
constexpr std::uint16_t early_data = 0x002A, supported_versions = 0x002B;

// A server hello with this random asks for another client hello: RFC 8446, 4.1.3.
constexpr std::array<std::uint8_t, 32> retry_random{
    0xCF, 0x21, 0xAD, 0x74, 0xE5, 0x9A, 0x61, 0x11, 0xBE, 0x1D, 0x8C, 0x02, 0x1E, 0x65, 0xB8, 0x91,
    0xC2, 0xA2, 0x11, 0x16, 0x7A, 0xBB, 0x8C, 0x5E, 0x07, 0x9E, 0x09, 0xE2, 0xC8, 0xA8, 0x33, 0x9C};

bool is_record_head(bytes_view data) noexcept {
    auto const type = u8(data, 0);
    auto const size = be16(data, 3);
    return type >= record_type::change_cipher_spec && type <= record_type::application_data && u8(data, 1) == 3 && u8(data, 2) <= 4 && size != 0
           && size <= max_sealed;
}

// Looks for an extension; `at` is where the list with its length begins.
std::optional<bytes_view> find_extension(bytes_view body, std::size_t at, std::uint16_t wanted) noexcept {
    if (at + 2 > body.size()) return {};
    auto list = body.subspan(at + 2);
    if (auto const size = be16(body, at); size <= list.size()) list = list.first(size);
    while (list.size() >= 4) {
        auto const type = be16(list, 0);
        auto const size = be16(list, 2);
        if (size > list.size() - 4) break;
        if (type == wanted) return list.subspan(4, size);
        list = list.subspan(std::size_t{4} + size);
    }
    return {};
}

// Steps over a field with a length of one or two bytes; false when it does not fit.
bool skip_field(bytes_view body, std::size_t& at, std::size_t length_size) noexcept {
    if (at + length_size > body.size()) return false;
    at += length_size + (length_size == 1 ? u8(body, at) : be16(body, at));
    return at <= body.size();
}

std::string where_keys_are(key_log const& keys) {
    if (!keys.has_file()) return "give a key log with --keylog.";
    if (keys.empty()) return "the key log holds no secrets; a program that is started with SSLKEYLOGFILE writes them.";
    return "the key log has those of other sessions; was the program started with SSLKEYLOGFILE before it connected?";
}

std::string short_hex(tls_random const& random) {
    constexpr char digits[] = "0123456789abcdef";
    std::string    text;
    for (std::size_t i = 0; i < 8; ++i) {
        auto const b = std::to_integer<unsigned>(random[i]);
        text += digits[b >> 4];
        text += digits[b & 0xF];
    }
    return text;
}

} // namespace

// ---- handshake messages -------------------------------------------------------------------------------------------------------------

// True when a message is whole.
bool handshake_reader::take(bytes_view& data) {
    if (head_size_ < head_.size()) {
        auto const count = std::min(head_.size() - head_size_, data.size());
        std::memcpy(head_.data() + head_size_, data.data(), count);
        head_size_ += count;
        data = data.subspan(count);
        if (head_size_ < head_.size()) return false;
        left_ = be24(head_, 1);
    }
    auto const count = std::min(left_, data.size());
    auto const type = std::to_integer<std::uint8_t>(head_[0]);
    auto const is_kept = type == message_type::client_hello || type == message_type::server_hello;
    if (is_kept && body_.size() + count <= max_message) body_.insert(body_.end(), data.begin(), data.begin() + static_cast<std::ptrdiff_t>(count));
    left_ -= count;
    data = data.subspan(count);
    return left_ == 0;
}

// ---- records ------------------------------------------------------------------------------------------------------------------------

tls_session::tls_session() : inside_(std::make_unique<protocol_stack>(true)) {}
tls_session::~tls_session() = default;

std::optional<bool> tls_session::is_tls(bytes_view data, bool from_start) noexcept {
    constexpr std::size_t enough = 6;
    std::array<std::uint8_t, enough> seen{};
    for (std::size_t i = 0; i < std::min(enough, data.size()); ++i) seen[i] = u8(data, i);
    if (seen[0] < record_type::change_cipher_spec || seen[0] > record_type::application_data) return false;
    if (from_start && seen[0] != record_type::handshake) return false;
    if (data.size() > 1 && seen[1] != 3) return false;
    if (data.size() > 2 && seen[2] > 4) return false;
    if (data.size() < enough) return {};
    if (!is_record_head(data)) return false;
    if (from_start) return seen[5] == message_type::client_hello;
    // From the middle: what follows the first record must be another, as far as it can be seen.
    auto const next = record_head + be16(data, 3);
    return next + record_head > data.size() || is_record_head(data.subspan(next));
}

void tls_session::bytes(place const& at, bytes_view data) {
    auto& d = directions_[at.from];
    if (data.empty()) return;
    bool const begins_record = d.record.empty() && d.skip == 0;
    if (begins_record && !has_client_ && !at.of.saw_start && !is_over_ && u8(data, 0) != record_type::handshake)
        give_up(at, "TLS from the middle of a session: it cannot be decrypted without its beginning.");
    while (!data.empty() && !is_over_) {
        if (d.skip != 0) {
            auto const count = static_cast<std::size_t>(std::min<std::uint64_t>(d.skip, data.size()));
            d.skip -= count;
            data = data.subspan(count);
        } else {
            data = d.is_lost ? find_record(d, data) : take_record(at, d, data);
        }
    }
}

// One record: where it lies in one piece it is read there.
bytes_view tls_session::take_record(place const& at, direction& d, bytes_view data) {
    auto const size_of_record = [](bytes_view b) { return b.size() < record_head ? record_head : record_head + be16(b, 3); };
    if (d.record.empty() && data.size() >= record_head) {
        auto const size = size_of_record(data);
        if (size <= data.size() || !is_record_head(data)) {
            record(at, d, data.first(std::min(size, data.size())));
            return data.subspan(std::min(size, data.size()));
        }
    }
    for (auto wanted = size_of_record(d.record); d.record.size() < wanted; wanted = size_of_record(d.record)) {
        auto const count = std::min(wanted - d.record.size(), data.size());
        if (!d.share.resize(at.d.budget, d.record.size() + count)) return give_up(at, "TLS records of too many sessions are incomplete; this one is not read further."), bytes_view{};
        d.record.insert(d.record.end(), data.begin(), data.begin() + static_cast<std::ptrdiff_t>(count));
        data = data.subspan(count);
        if (d.record.size() == record_head && !is_record_head(d.record)) break;
        if (d.record.size() < wanted) return data;
    }
    auto const whole = std::move(d.record);
    d.record = {};
    d.share.clear();
    record(at, d, whole);
    return data;
}

// Behind missing bytes: a head that is followed by another, or by the end of what came.
bytes_view tls_session::find_record(direction& d, bytes_view data) const noexcept {
    for (std::size_t at = 0; at + record_head <= data.size(); ++at) {
        auto const here = data.subspan(at);
        if (!is_record_head(here) || u8(here, 0) != record_type::application_data) continue;
        auto const next = record_head + be16(here, 3);
        if (next == here.size() || (next + record_head <= here.size() && is_record_head(here.subspan(next)))) {
            d.is_lost = false;
            return here;
        }
    }
    return {};
}

void tls_session::record(place const& at, direction& d, bytes_view whole) {
    if (!is_record_head(whole)) {
        if (d.now == epoch::clear || d.is_unsure) return give_up(at, "What looked like TLS is none from here on: it is not read further.");
        d.is_lost = true;
        return inside_->gap(at, 0, false);
    }
    auto const type = u8(whole, 0);
    if (type == record_type::change_cipher_spec) {
        if (!suite_ || is_13_) return;                             // 1.3 sends it for the sake of old middle boxes
        d.now = epoch::application;
        d.seq = 0;
        d.messages.clear();
        return;
    }
    if (d.now == epoch::clear) return clear_record(at, d, type, whole.subspan(record_head));
    if (type != record_type::alert || !is_13_) sealed_record(at, d, whole);
}

void tls_session::clear_record(place const& at, direction& d, std::uint8_t type, bytes_view body) {
    if (type == record_type::handshake) return content(at, d, type, body);
    // 0-RTT data before the server has answered; or a beginning that was not seen.
    if (type == record_type::application_data && !d.may_be_early) give_up(at, "TLS data without the beginning of its session: it cannot be decrypted.");
}

void tls_session::sealed_record(place const& at, direction& d, bytes_view whole) {
    if (!d.key) return give_up(at, "TLS keys of this session are not all there: it is not read further.");
    auto& plain = at.d.scratch;
    if (!open(d, d.seq, whole, plain) && !(d.is_unsure && open_near(d, whole, plain))) {
        if (d.may_be_early) return;
        if (!d.is_unsure) return give_up(at, "A TLS record does not open with the keys of its session: it is not read further.");
        d.is_lost = true;
        return;
    }
    d.may_be_early = d.is_unsure = false;
    ++d.seq;
    auto type = u8(whole, 0);
    if (is_13_) {
        while (!plain.empty() && plain.back() == std::byte{0}) plain.pop_back();
        if (plain.empty()) return;
        type = std::to_integer<std::uint8_t>(plain.back());
        plain.pop_back();
    }
    content(at, d, type, plain);
}

bool tls_session::open(direction& d, std::uint64_t seq, bytes_view whole, byte_buffer& plain) {
    auto const has_explicit = !is_13_ && suite_->cipher != tls_cipher::chacha20_poly1305;
    auto       sealed = whole.subspan(record_head);
    if (sealed.size() < tag_size + (has_explicit ? explicit_nonce : 0)) return false;
    auto nonce = d.iv;
    for (std::size_t i = 0; i < 8; ++i) {
        auto const place = nonce_size - 8 + i;
        if (has_explicit) nonce[place] = sealed[i];
        else nonce[place] ^= static_cast<std::byte>(seq >> (56 - 8 * i));
    }
    if (has_explicit) sealed = sealed.subspan(explicit_nonce);
    auto const size = sealed.size() - tag_size;
    plain.resize(size);
    if (is_13_) return d.key->open(nonce, whole.first(record_head), sealed, plain.data());

    std::array<std::byte, 13> with{};                              // sequence number, type, version, length
    for (std::size_t i = 0; i < 8; ++i) with[i] = static_cast<std::byte>(seq >> (56 - 8 * i));
    std::copy_n(whole.begin(), 3, with.begin() + 8);
    with[11] = static_cast<std::byte>(size >> 8);
    with[12] = static_cast<std::byte>(size);
    return d.key->open(nonce, with, sealed, plain.data());
}

// Records are missing, and how many is not known.
bool tls_session::open_near(direction& d, bytes_view whole, byte_buffer& plain) {
    for (int ahead = 1; ahead <= max_missing_records; ++ahead)
        if (open(d, d.seq + static_cast<std::uint64_t>(ahead), whole, plain)) {
            d.seq += static_cast<std::uint64_t>(ahead);
            return true;
        }
    return false;
}

void tls_session::content(place const& at, direction& d, std::uint8_t type, bytes_view data) {
    if (type == record_type::application_data) return inside_->bytes(at, data);
    if (type == record_type::handshake) d.messages.feed(data, [&](std::uint8_t which, bytes_view body) { message(at, d, which, body); });
}

// ---- handshake ----------------------------------------------------------------------------------------------------------------------

void tls_session::message(place const& at, direction& d, std::uint8_t type, bytes_view body) {
    if (is_over_) return;
    if (d.now == epoch::clear) {
        if (type == message_type::client_hello) client_hello(at, body);
        if (type == message_type::server_hello) server_hello(at, body);
        return;
    }
    if (!is_13_) return;
    if (type == message_type::finished && d.now == epoch::handshake) finished(at, d);
    if (type == message_type::key_update && d.now == epoch::application)
        use_secret(d, hkdf_expand_label(suite_->hash, bytes_view{d.secret}, "traffic upd", size_of(suite_->hash)));
}

void tls_session::client_hello(place const& at, bytes_view body) {
    if (body.size() < 35) return;
    has_client_ = true;
    client_ = at.from;
    std::copy_n(body.begin() + 2, 32, client_random_.begin());
    std::size_t where = 34;
    if (skip_field(body, where, 1) && skip_field(body, where, 2) && skip_field(body, where, 1))
        directions_[client_].may_be_early = find_extension(body, where, early_data).has_value();
}

void tls_session::server_hello(place const& at, bytes_view body) {
    if (body.size() < 35 || !has_client_ || at.from == client_) return;
    std::copy_n(body.begin() + 2, 32, server_random_.begin());
    if (std::memcmp(server_random_.data(), retry_random.data(), retry_random.size()) == 0) return;
    std::size_t where = 34;
    if (!skip_field(body, where, 1) || where + 3 > body.size()) return;
    auto const suite = be16(body, where);
    auto       version = be16(body, 0);
    if (auto const chosen = find_extension(body, where + 3, supported_versions); chosen && chosen->size() >= 2) version = be16(*chosen, 0);
    agree(at, version, suite);
}

void tls_session::agree(place const& at, std::uint16_t version, std::uint16_t number) {
    if (version != version_12 && version != version_13) return give_up(at, "TLS before 1.2 is not decrypted.");
    suite_ = find_suite(number);
    is_13_ = version == version_13;
    if (!suite_ || suite_->is_13 != is_13_)
        return give_up(at, "TLS with " + suite_name(number) + " is not decrypted: AES-GCM and ChaCha20-Poly1305 are.");
    auto const* const known = at.d.keys.find(client_random_);
    auto const        secret = [&](tls_secret which) { return known ? bytes_view{(*known)[static_cast<std::size_t>(which)]} : bytes_view{}; };
    auto const        is_missing = is_13_ ? secret(tls_secret::client_handshake).empty() || secret(tls_secret::server_handshake).empty()
                                                : secret(tls_secret::master).empty();
    if (is_missing)
        return give_up(at, "TLS, no keys for this session (client random " + short_hex(client_random_) + "...): " + where_keys_are(at.d.keys));
    if (!is_13_) return keys_12(secret(tls_secret::master));

    traffic_secrets_[client_].assign(secret(tls_secret::client_traffic).begin(), secret(tls_secret::client_traffic).end());
    traffic_secrets_[1 - client_].assign(secret(tls_secret::server_traffic).begin(), secret(tls_secret::server_traffic).end());
    use_secret(directions_[client_], secret(tls_secret::client_handshake));
    use_secret(directions_[1 - client_], secret(tls_secret::server_handshake));
    for (auto& d : directions_) d.now = epoch::handshake;
}

// The keys of both directions from one block: RFC 5246, 6.3. They count from ChangeCipherSpec on.
void tls_session::keys_12(bytes_view master) {
    byte_buffer seed{server_random_.begin(), server_random_.end()};
    seed.insert(seed.end(), client_random_.begin(), client_random_.end());
    auto const iv_size = suite_->cipher == tls_cipher::chacha20_poly1305 ? nonce_size : nonce_size - explicit_nonce;
    auto const key = key_size(suite_->cipher);
    auto const block = tls12_prf(suite_->hash, master, "key expansion", seed, 2 * (key + iv_size));
    auto       left = bytes_view{block};
    auto const next = [&left](std::size_t size) {
        auto const piece = left.first(size);
        left = left.subspan(size);
        return piece;
    };
    for (auto const from : {client_, 1 - client_}) directions_[from].key = std::make_unique<sealed_reader>(suite_->cipher, next(key));
    for (auto const from : {client_, 1 - client_}) {
        auto const iv = next(iv_size);
        std::copy(iv.begin(), iv.end(), directions_[from].iv.begin());
    }
}

void tls_session::use_secret(direction& d, bytes_view secret) {
    auto const key = hkdf_expand_label(suite_->hash, secret, "key", key_size(suite_->cipher));
    auto const iv = hkdf_expand_label(suite_->hash, secret, "iv", nonce_size);
    d.key = std::make_unique<sealed_reader>(suite_->cipher, bytes_view{key});
    std::copy(iv.begin(), iv.end(), d.iv.begin());
    d.secret = byte_buffer{secret.begin(), secret.end()};
    d.seq = 0;
}

void tls_session::finished(place const& at, direction& d) {
    auto const from = static_cast<std::size_t>(&d - directions_.data());
    d.now = epoch::application;
    if (traffic_secrets_[from].empty()) return give_up(at, "TLS, no traffic secret for this session: it is not read further.");
    use_secret(d, bytes_view{traffic_secrets_[from]});
}

// ---- what is missing ----------------------------------------------------------------------------------------------------------------

void tls_session::gap(place const& at, std::uint64_t size) {
    if (is_over_) return;
    auto& d = directions_[at.from];
    if (d.now != epoch::application) return give_up(at, "Bytes of a TLS handshake are missing: the session cannot be decrypted.");
    inside_->gap(at, 0, false);
    auto const whole = d.record.size() < record_head ? std::size_t{0} : record_head + be16(bytes_view{d.record}, 3);
    auto const left = d.skip != 0 ? d.skip : whole - d.record.size();
    auto const is_within = size != 0 && (d.skip != 0 || whole != 0) && size <= left;
    d.skip = is_within ? left - size : 0;
    d.is_lost = !is_within;
    d.is_unsure = true;
    d.record = {};
    d.share.clear();
}

void tls_session::end(place const& at) {
    if (!is_over_) inside_->end(at);
    auto& d = directions_[at.from];
    d.record = {};
    d.share.clear();
}

void tls_session::give_up(place const& at, std::string const& why) {
    if (is_over_) return;
    is_over_ = true;
    at.d.to.note(at.at, &at.of, why);
    for (auto& d : directions_) {
        d.record = {};
        d.share.clear();
    }
}

} // namespace aldis::app::dump
