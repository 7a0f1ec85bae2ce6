// Options of a broker: addresses, files, and how much memory there is.
#include <aldis/broker_options.hpp>

#include <charconv>
#include <fstream>
#include <utility>

#include <boost/asio/ip/address.hpp>

namespace aldis {

namespace {

/// The number in a file of one; 0 where there is none ("max").
std::size_t number_in(std::string const& path) {
    std::ifstream in(path);
    std::string   line;
    std::getline(in, line);
    std::size_t value = 0;
    auto const  end = line.data() + line.size();
    auto const  read = std::from_chars(line.data(), end, value);
    return read.ec == std::errc{} && read.ptr == end ? value : 0;
}

/// The control group of this process, "/system.slice/aldis.service", in the unified hierarchy.
std::string own_group() {
    std::ifstream in("/proc/self/cgroup");
    for (std::string line; std::getline(in, line);)
        if (line.starts_with("0::/")) return line.substr(3);
    return "/";
}

std::size_t bytes_allowed() {
    std::size_t least = 0;
    auto const  consider = [&](std::size_t bytes) {
        if (bytes != 0 && (least == 0 || bytes < least)) least = bytes;
    };
    for (auto group = own_group();; group.resize(group.rfind('/'))) {    // a group is bound by those it is in
        consider(number_in("/sys/fs/cgroup" + group + "/memory.max"));
        if (group.empty() || group.rfind('/') == std::string::npos) break;
    }
    return least;
}

bool names_path(std::string_view uri) noexcept {
    auto const rest = uri.substr(uri.find("://") + 3);
    auto const at = rest.find_first_of("/?#");
    return at != std::string_view::npos && rest[at] == '/';
}

} // namespace

std::size_t broker_limits::default_memory_limit() {
    static std::size_t const bytes = bytes_allowed();
    return bytes / 4 * 3;
}

broker_listener::broker_listener(std::string_view uri) {
    auto parsed = transport::parse_endpoint(uri);
    if (!parsed.has_value()) {
        address_fault_ = parsed.error().message();
        return;
    }
    endpoint_ = std::move(*parsed);
    bool const is_web = endpoint_.via() == transport::scheme::ws || endpoint_.via() == transport::scheme::wss;
    if (is_web && !names_path(uri)) endpoint_.path({});            // any: a client has its own idea of the usual one
}

bool broker_listener::is_local() const noexcept {
    if (endpoint_.via() == transport::scheme::local) return true;
    if (endpoint_.host() == "localhost") return true;
    boost::system::error_code ec;
    auto const address = boost::asio::ip::make_address(endpoint_.host(), ec);
    return !ec && address.is_loopback();
}

broker_options& broker_options::password_file(std::string const& path) {
    return passwords(std::make_shared<access::password_file const>(access::password_file::load(path)));
}

broker_options& broker_options::acl_file(std::string const& path) {
    return acl(std::make_shared<access::acl_file const>(access::acl_file::load(path)));
}

broker_options& broker_options::authenticate(authenticate_hook value) {
    if (!value) return authenticate_later({});
    return authenticate_later([decide = std::move(value)](connecting_client const& who, admit_handler const& answer) { answer(decide(who)); });
}

} // namespace aldis
