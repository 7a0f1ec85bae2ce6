// What a broker tells of itself, as monitoring reads it.
#pragma once

#include <string>
#include <string_view>

#include <aldis/broker_inspection.hpp>
#include <aldis/broker_limits.hpp>

namespace aldis {

/// The Content-Type that belongs to prometheus_text().
inline constexpr std::string_view prometheus_content_type = "text/plain; version=0.0.4; charset=utf-8";

/// Prometheus' text format, version 0.0.4: counters named aldis_broker_..._total, what is so now as gauges, and each bound as a gauge
/// aldis_broker_limit_..., 0 where there is none. Allocates some 10 KiB.
std::string prometheus_text(broker_metrics const& now, broker_limits const& limits);

} // namespace aldis
