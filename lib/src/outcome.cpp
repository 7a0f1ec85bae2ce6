// What operations bring back.
#include <aldis/outcome.hpp>

#include <algorithm>

namespace aldis {
namespace {

template <property_id Id>
std::string_view text_of(property_list const& props) noexcept {
    return props.view().get<Id>().value_or(std::string_view{});
}

reason_code first_refusal(reason_codes const& codes) noexcept {
    for (auto const code : codes)
        if (is_error(code)) return code;
    return reason_code::success;
}

} // namespace

std::string_view answer::reason_string() const noexcept { return text_of<property_id::reason_string>(props_); }
std::string_view connect_result::server_reference() const noexcept { return text_of<property_id::server_reference>(props()); }
std::string_view disconnect_result::server_reference() const noexcept { return text_of<property_id::server_reference>(props()); }

connect_result& connect_result::in_use(std::string client_id, std::uint16_t keep_alive, session::limits const& allowed) {
    client_id_ = std::move(client_id);
    keep_alive_ = keep_alive;
    limits_ = allowed;
    return *this;
}

subscribe_result::subscribe_result(reason_codes const& codes, aldis::properties const& props) : answer(first_refusal(codes), props) {
    codes_.reserve(codes.size());
    for (auto const code : codes) codes_.push_back(code);
}

std::size_t subscribe_result::refused() const noexcept {
    return static_cast<std::size_t>(std::count_if(codes_.begin(), codes_.end(), is_error));
}

} // namespace aldis
