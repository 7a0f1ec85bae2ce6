// A scanner that accepts JSON (RFC 8259) and leaves out its blanks.
#include "json_text.hpp"

#include <aldis/dissect/text.hpp>

namespace aldis::follow {
namespace {

class scanner {
public:
    scanner(std::string& out, std::string_view text) noexcept : out_(out), text_(text) {}

    bool scan() {
        for (;;) {
            if (!value()) return false;
            while (depth_ > 0) {                                   // behind a value in an array or object
                blanks();
                if (take(',')) {
                    if (in_object() && !name()) return false;
                    break;
                }
                if (!take(in_object() ? '}' : ']')) return false;
                --depth_;
            }
            if (depth_ > 0) continue;
            blanks();
            return at_ == text_.size();
        }
    }

private:
    static constexpr unsigned deepest = 64;

    bool in_object() const noexcept { return (objects_ >> (depth_ - 1) & 1) != 0; }
    char peek() const noexcept { return at_ < text_.size() ? text_[at_] : '\0'; }
    void blanks() noexcept { while (peek() == ' ' || peek() == '\t' || peek() == '\n' || peek() == '\r') ++at_; }

    bool take(char c) {
        if (peek() != c) return false;
        out_ += c;
        return ++at_, true;
    }

    /// A value; one that opens an array or object goes on to its first value inside.
    bool value() {
        for (;;) {
            blanks();
            if (peek() == '"') return string();
            bool const object = peek() == '{';
            if (!object && peek() != '[') return literal();
            if (depth_ == deepest) return false;
            take(peek());
            objects_ = (objects_ & ~(1ULL << depth_)) | (object ? 1ULL << depth_ : 0);
            ++depth_;
            blanks();
            if (take(object ? '}' : ']')) return --depth_, true;
            if (object && !name()) return false;
        }
    }

    bool name() {
        blanks();
        if (peek() != '"' || !string()) return false;
        blanks();
        return take(':');
    }

    bool string() {
        auto const begin = at_++;
        for (; at_ < text_.size() && text_[at_] != '"'; ++at_) {
            if (static_cast<unsigned char>(text_[at_]) < 0x20) return false;
            if (text_[at_] == '\\' && ++at_ == text_.size()) return false;
        }
        if (at_ == text_.size()) return false;
        ++at_;
        out_ += text_.substr(begin, at_ - begin);
        return true;
    }

    bool literal() {
        auto const begin = at_;
        while (at_ < text_.size() && std::string_view{"+-.0123456789Eeaflnrstu"}.find(text_[at_]) != std::string_view::npos) ++at_;
        auto const word = text_.substr(begin, at_ - begin);
        if (word != "true" && word != "false" && word != "null" && !is_number(word)) return false;
        out_ += word;
        return true;
    }

    static bool is_number(std::string_view word) noexcept {
        auto const digits = [&] {
            std::size_t n = 0;
            while (!word.empty() && word[0] >= '0' && word[0] <= '9') word.remove_prefix(1), ++n;
            return n;
        };
        if (word.starts_with('-')) word.remove_prefix(1);
        bool const zero = word.starts_with('0');
        auto const whole = digits();
        if (whole == 0 || (zero && whole > 1)) return false;
        if (word.starts_with('.')) {
            word.remove_prefix(1);
            if (digits() == 0) return false;
        }
        if (word.starts_with('e') || word.starts_with('E')) {
            word.remove_prefix(1);
            if (word.starts_with('+') || word.starts_with('-')) word.remove_prefix(1);
            if (digits() == 0) return false;
        }
        return word.empty();
    }

    std::string&       out_;
    std::string_view   text_;
    std::size_t        at_ = 0;
    unsigned           depth_ = 0;
    unsigned long long objects_ = 0;
};

} // namespace

bool append_compact_json(std::string& out, std::string_view text, std::size_t most) {
    constexpr std::size_t longest = std::size_t{1} << 20;
    if (text.size() > longest) return false;
    std::string compact;
    if (!scanner{compact, text}.scan() || !dissect::is_readable(compact)) return false;
    auto const cut = dissect::whole_characters(compact, most);
    dissect::append_shown(out, std::string_view{compact}.substr(0, cut));
    if (cut < compact.size()) out += "…";
    return true;
}

} // namespace aldis::follow
