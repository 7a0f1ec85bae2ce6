// The broker's figures and health over HTTP: where they are served, and what each path shows.
#include <aldis/broker.hpp>

#include <algorithm>

#include <boost/system/system_error.hpp>

#include <aldis/broker_prometheus.hpp>
#include <aldis/connection.hpp>

#include "impl.hpp"

namespace aldis {

namespace {

constexpr auto how_to_write = "write PORT for this machine, or ADDRESS:PORT, [::1]:9641 for instance";

bool is_port(std::string_view text) noexcept {
    return !text.empty() && text.size() <= 5 && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

/// As a URI; empty where it is no address with a port.
std::string to_uri(std::string_view text) {
    if (is_port(text)) return "mqtt://127.0.0.1:" + std::string(text);
    auto const colon = text.rfind(':');
    if (colon == text.npos || colon == 0 || !is_port(text.substr(colon + 1)) || text.find_first_of("/?#@") != text.npos) return {};
    return "mqtt://" + std::string(text);
}

} // namespace

broker_options& broker_options::metrics_listener(std::string_view where) {
    metrics_listener_.reset();
    metrics_listener_fault_.clear();
    if (where.empty()) return *this;
    auto const uri = to_uri(where);
    auto       parsed = transport::parse_endpoint(uri);
    if (!uri.empty() && parsed.has_value()) metrics_listener_ = std::move(*parsed);
    else metrics_listener_fault_ = (uri.empty() ? "this is no port and no address with one" : parsed.error().message()) + std::string("; ") + how_to_write;
    return *this;
}

void broker::impl::open_pages() {
    auto const& options = core_.options();
    if (!options.metrics_listener_fault().empty())
        throw boost::system::system_error(make_error_code(error::invalid), "cannot listen for metrics: " + options.metrics_listener_fault());
    if (!options.metrics_listener()) return;
    auto made = std::make_unique<transport::http_pages>(io_, [this](std::string_view path) { return page_at(path); });
    if (auto const ec = made->open(*options.metrics_listener()))
        throw boost::system::system_error(ec, "cannot listen for metrics on " + to_string(*options.metrics_listener()).substr(7));
    pages_ = std::move(made);
    log(log_level::notice, "metrics are at http://" + to_string(pages_->local()).substr(7) + "/metrics");
}

std::optional<transport::http_page> broker::impl::page_at(std::string_view path) const {
    if (path == "/metrics") return transport::http_page(prometheus_text(metrics(), core_.limits())).content_type(std::string(prometheus_content_type));
    if (path != "/healthz") return std::nullopt;
    if (is_stopping_) return transport::http_page("stopping\n", 503);
    if (core_.notes().is_failing()) return transport::http_page("the store can not be written\n", 503);
    return transport::http_page("ok\n");
}

std::optional<transport::endpoint> broker::metrics_address() const {
    auto const* const pages = impl_->pages();
    return pages ? std::optional(pages->local()) : std::nullopt;
}

} // namespace aldis
