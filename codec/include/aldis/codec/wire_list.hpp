// Lists whose elements stay in wire form: subscriptions, topic filters, reason codes.
#pragma once

#include <cstddef>
#include <iterator>
#include <optional>
#include <string_view>

#include <aldis/codec/bytes.hpp>
#include <aldis/codec/fault.hpp>
#include <aldis/codec/reason.hpp>
#include <aldis/codec/types.hpp>

namespace aldis {

/// One topic filter of a SUBSCRIBE and what is wanted of it (3.8.3.1). 3.1.1 has the filter and the QoS only.
struct subscription {
    std::string_view filter{};
    qos_level        qos = qos_level::at_most_once;
    bool             no_local = false;
    bool             retain_as_published = false;
    retain_handling  retained = retain_handling::send;

    friend bool operator==(subscription const&, subscription const&) = default;
};

namespace codec {

/// How an element of a wire_list stands on the wire. `read` is given bytes known to be valid and moves `at` behind the element;
/// `append` tells what is wrong with the element, or appends it.
template <class Element> struct element_format;

template <> struct element_format<subscription> {
    static subscription read(std::byte const*& at) noexcept;
    static std::optional<errc> append(byte_buffer& out, subscription const& element);
};
template <> struct element_format<std::string_view> {
    static std::string_view read(std::byte const*& at) noexcept;
    static std::optional<errc> append(byte_buffer& out, std::string_view element);
};
template <> struct element_format<reason_code> {
    static reason_code read(std::byte const*& at) noexcept { return static_cast<reason_code>(*at++); }
    static std::optional<errc> append(byte_buffer& out, reason_code element);
};

class wire_access;

} // namespace codec

template <class Element> class wire_builder;

/// A run of elements left in wire form, known to be valid; iterating decodes them and cannot fail.
/// Made only by the decoder (over its input) and by a wire_builder (over its own bytes); lives as long as those.
template <class Element>
class wire_list {
public:
    class iterator {
    public:
        using iterator_concept = std::forward_iterator_tag;
        using iterator_category = std::input_iterator_tag;
        using value_type = Element;
        using difference_type = std::ptrdiff_t;
        using pointer = Element const*;
        using reference = Element;

        iterator() = default;
        Element operator*() const noexcept { auto at = at_; return codec::element_format<Element>::read(at); }
        iterator& operator++() noexcept { codec::element_format<Element>::read(at_); return *this; }
        iterator  operator++(int) noexcept { auto old = *this; ++*this; return old; }
        friend bool operator==(iterator const&, iterator const&) = default;

    private:
        friend class wire_list;
        explicit iterator(std::byte const* at) noexcept : at_(at) {}
        std::byte const* at_ = nullptr;
    };

    wire_list() = default;                                         // empty
    iterator begin() const noexcept { return iterator{wire_.data()}; }
    iterator end() const noexcept { return iterator{wire_.data() + wire_.size()}; }
    bool empty() const noexcept { return wire_.empty(); }

    /// How many elements there are. Counted when it was made.
    std::size_t size() const noexcept { return size_; }

    bytes_view wire() const noexcept { return wire_; }
    std::optional<codec::errc> flaw() const noexcept { return flaw_; }

    friend bool operator==(wire_list const& a, wire_list const& b) noexcept { return a.wire_ == b.wire_; }

private:
    friend class wire_builder<Element>;
    friend class codec::wire_access;
    wire_list(bytes_view wire, std::size_t size, std::optional<codec::errc> flaw) noexcept : wire_(wire), size_(size), flaw_(flaw) {}

    bytes_view                 wire_{};
    std::size_t                size_ = 0;
    std::optional<codec::errc> flaw_{};
};

/// Builds and owns a wire_list. An element that is not valid is not added; the first error is kept and fails the encoding.
template <class Element>
class wire_builder {
public:
    wire_builder& add(Element const& element) & {
        if (auto const wrong = codec::element_format<Element>::append(wire_, element)) { if (!flaw_) flaw_ = wrong; }
        else ++size_;
        return *this;
    }
    wire_builder&& add(Element const& element) && { add(element); return std::move(*this); }

    void clear() noexcept { wire_.clear(); size_ = 0; flaw_.reset(); }
    bool empty() const noexcept { return wire_.empty(); }
    std::size_t size() const noexcept { return size_; }
    std::optional<codec::errc> flaw() const noexcept { return flaw_; }

    wire_list<Element> view() const& noexcept { return {wire_, size_, flaw_}; }
    wire_list<Element> view() const&& = delete;                    // the view would dangle
    operator wire_list<Element>() const& noexcept { return view(); }
    operator wire_list<Element>() const&& = delete;

private:
    byte_buffer                wire_{};
    std::size_t                size_ = 0;
    std::optional<codec::errc> flaw_{};
};

using subscriptions = wire_list<subscription>;
using topic_filters = wire_list<std::string_view>;
using reason_codes  = wire_list<reason_code>;

} // namespace aldis
