// Password files: lines in, lines out, and the check of a password.
#include <aldis/access/password_file.hpp>

#include <charconv>
#include <stdexcept>
#include <utility>

#include <aldis/codec/utf8.hpp>

#include "crypto.hpp"
#include "text_file.hpp"

namespace aldis::access {
namespace {

constexpr std::size_t salt_size = 12;
constexpr std::size_t max_salt = 64;

/// The field up to the next `$`, taken off `text`.
std::string_view next_field(std::string_view& text) {
    auto const field = text.substr(0, text.find('$'));
    text.remove_prefix(std::min(field.size() + 1, text.size()));
    return field;
}

/// Why a file can not hold this name, or nothing.
char const* flaw_of_name(std::string_view user) {
    if (user.empty()) return "the user name is empty";
    if (user.starts_with('#')) return "a user name that begins with '#' would be taken for a comment";
    if (user.find(':') != user.npos) return "a user name may not contain ':'";
    if (user.find_first_of("\r\n") != user.npos) return "a user name may not contain line ends";
    if (user.size() > 0xFFFF || !codec::is_mqtt_text(user)) return "the user name is not text as MQTT has it";
    return nullptr;
}

} // namespace

// ---- Files --------------------------------------------------------------------------------------------------------------------------

template <class ReadSecret>
password_file password_file::parse_lines(std::string_view text, std::string_view name, ReadSecret read) {
    password_file out;
    for_each_line(text, [&](std::string_view each, std::size_t number) {
        if (each.empty() || each.starts_with('#')) return out.add({std::string(each)});
        auto const colon = each.find(':');
        auto const user = each.substr(0, colon);
        if (colon == each.npos) fail_at(name, number, "there is no ':' between user name and password");
        if (auto const* const flaw = flaw_of_name(user)) fail_at(name, number, flaw);
        if (out.contains(user)) fail_at(name, number, "the user " + quoted(user) + " is there twice");
        try {
            out.add({{}, std::string(user), read(each.substr(colon + 1))});
        } catch (std::invalid_argument const& wrong) {
            fail_at(name, number, "the user " + quoted(user) + ": " + wrong.what());
        }
    });
    return out;
}

password_file password_file::parse(std::string_view text, std::string_view name) { return parse_lines(text, name, &password_file::read_secret); }

password_file password_file::parse_plain(std::string_view text, password_hash how, std::string_view name) {
    return parse_lines(text, name, [how](std::string_view typed) { return make_secret(to_bytes(typed), how); });
}

password_file password_file::load(std::string const& path) { return parse(read_text_file(path), path); }
password_file password_file::load_plain(std::string const& path, password_hash how) { return parse_plain(read_text_file(path), how, path); }
void          password_file::save(std::string const& path) const { replace_text_file(path, text()); }

std::string password_file::text() const {
    std::string out;
    for (auto const& each : lines_) {
        if (each.user.empty()) {
            out += each.text + '\n';
            continue;
        }
        bool const is_slow = each.kept.how.how == password_hash::kind::sha512_pbkdf2;
        out += each.user + (is_slow ? ":$7$" + std::to_string(each.kept.how.iterations) + '$' : std::string(":$6$"));
        out += crypto::to_base64(each.kept.salt) + '$' + crypto::to_base64(each.kept.hash) + '\n';
    }
    return out;
}

// ---- One password -------------------------------------------------------------------------------------------------------------------

password_file::secret password_file::read_secret(std::string_view text) {
    auto const plain = "the password is not hashed; 'aldis passwd -U' does that for a whole file";
    secret     out;
    if (!text.starts_with('$')) throw std::invalid_argument(plain);
    text.remove_prefix(1);
    auto const kind = next_field(text);
    if (kind == "6") {
        out.how = {password_hash::kind::sha512, 1};
    } else if (kind == "7") {
        auto const field = next_field(text);
        auto const [end, ec] = std::from_chars(field.data(), field.data() + field.size(), out.how.iterations);
        if (ec != std::errc() || end != field.data() + field.size() || out.how.iterations == 0 || out.how.iterations > password_hash::max_iterations)
            throw std::invalid_argument("the number of iterations is none between 1 and 10000000");
    } else {
        throw std::invalid_argument("the hash is of no kind that is known ($6$, $7$)");
    }
    auto salt = crypto::from_base64(next_field(text));
    auto hash = crypto::from_base64(text);
    if (!salt || salt->empty() || salt->size() > max_salt) throw std::invalid_argument("the salt is not base64 of 1 to 64 bytes");
    if (!hash || hash->size() != crypto::sha512_size) throw std::invalid_argument("the hash is not base64 of 64 bytes");
    out.salt = std::move(*salt);
    out.hash = std::move(*hash);
    return out;
}

password_file::secret password_file::make_secret(bytes_view password, password_hash how) {
    if (password.empty()) throw std::invalid_argument("the password is empty");
    if (password.size() > 0xFFFF) throw std::invalid_argument("the password has more than 65,535 bytes");
    if (how.iterations == 0 || how.iterations > password_hash::max_iterations)
        throw std::invalid_argument("the number of iterations is none between 1 and 10000000");
    secret out{how, crypto::random_bytes(salt_size), {}};
    out.hash = how.how == password_hash::kind::sha512 ? crypto::sha512(password, out.salt) : crypto::pbkdf2_sha512(password, out.salt, how.iterations);
    return out;
}

bool password_file::is_of(secret const& kept, bytes_view password) {
    auto const hash = kept.how.how == password_hash::kind::sha512 ? crypto::sha512(password, kept.salt)
                                                                   : crypto::pbkdf2_sha512(password, kept.salt, kept.how.iterations);
    return crypto::are_equal(hash, kept.hash);
}

bool password_file::check(std::string_view user, bytes_view password) const {
    if (password.size() > 0xFFFF) return false;                    // none that MQTT can carry
    auto const at = places_.find(std::string(user));
    if (at != places_.end()) return is_of(lines_[at->second].kept, password);
    // Somebody's password is looked at all the same, so that time does not tell who exists.
    if (!places_.empty()) is_of(lines_[places_.begin()->second].kept, password);
    return false;
}

// ---- Changes ------------------------------------------------------------------------------------------------------------------------

void password_file::add(line entry) {
    if (!entry.user.empty()) places_.emplace(entry.user, lines_.size());
    lines_.push_back(std::move(entry));
}

void password_file::put(std::string_view user, bytes_view password, password_hash how) {
    if (auto const* const flaw = flaw_of_name(user)) throw std::invalid_argument(flaw);
    auto       kept = make_secret(password, how);
    auto const at = places_.find(std::string(user));
    if (at != places_.end()) lines_[at->second].kept = std::move(kept);
    else add({{}, std::string(user), std::move(kept)});
}

bool password_file::remove(std::string_view user) {
    auto const at = places_.find(std::string(user));
    if (at == places_.end()) return false;
    auto const place = at->second;
    lines_.erase(lines_.begin() + static_cast<std::ptrdiff_t>(place));
    places_.erase(at);
    for (auto& each : places_)
        if (each.second > place) --each.second;
    return true;
}

} // namespace aldis::access
