// Asio, configured: included by server.cc alone, by way of served_connection.h, because it is slow
// to compile and its types stay inside of this module.
#pragma once

#define BOOST_ASIO_SEPARATE_COMPILATION 1
// Frames of coroutines that a thread keeps: a request has about a dozen, and two is the default.
#define BOOST_ASIO_RECYCLING_ALLOCATOR_CACHE_SIZE 16

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

// Last, because it needs the definition above: the part of Asio that is not a template.
#include <boost/asio/impl/src.hpp>

namespace betrace::http {

namespace asio = boost::asio;
using asio::ip::tcp;

/// Operations return their error instead of throwing it.
inline constexpr auto kAwaitTuple = asio::as_tuple(asio::use_awaitable);

}  // namespace betrace::http
