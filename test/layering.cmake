# The rules about who may use what, held by reading the sources: cmake -DROOT=folder -P layering.cmake
# Fails with one line for each breach: file:line: what, why. Comments are not read; the strings of a source are.
cmake_minimum_required(VERSION 3.25)
if(NOT ROOT)
  get_filename_component(ROOT ${CMAKE_CURRENT_LIST_DIR}/.. ABSOLUTE)
endif()
set(breaches 0)

# Names are matched whole: B is what may stand before one, E what may follow it.
set(B "(^|[^A-Za-z0-9_])")
set(E "([^A-Za-z0-9_]|$)")

# ban(why PATTERN regex FILES path_regex [EXCEPT path_regex] [LEAVE regex]): no line of the files may match, but for what LEAVE matches whole.
# Collected first, so that each file is read once. The parts of a rule are kept in variables: lists would not survive the brackets in them.
set(rules 0)
function(ban why)
  cmake_parse_arguments(PARSE_ARGV 1 ARG "" "PATTERN;FILES;EXCEPT;LEAVE" "")
  foreach(part PATTERN FILES EXCEPT LEAVE)
    set(rule_${rules}_${part} "${ARG_${part}}" PARENT_SCOPE)
  endforeach()
  set(rule_${rules}_why "${why}" PARENT_SCOPE)
  math(EXPR rules "${rules} + 1")
  set(rules ${rules} PARENT_SCOPE)
endfunction()

set(include "^ *# *include *")
set(std "<[a-z_]+>")
set(own "\"[a-z0-9_]+\\.hpp\"")

# ---- includes point downward ----------------------------------------------------------------------------------------------------------
ban("codec includes the standard library and itself" FILES "^codec/"
  PATTERN "${include}" LEAVE "${include}(${std}|${own}|<aldis/codec/[a-z0-9_]+\\.hpp>|<(emmintrin|arm_neon)\\.h>) *")
ban("session includes the standard library, codec and itself" FILES "^session/"
  PATTERN "${include}" LEAVE "${include}(${std}|${own}|<aldis/(codec|session)/[a-z0-9_]+\\.hpp>) *")
ban("transport moves bytes and knows no packet" FILES "^transport/"
  PATTERN "${include}[<\"]aldis/" LEAVE "${include}<aldis/transport/[a-z0-9_]+\\.hpp> *")
ban("dissect includes the standard library, codec and itself" FILES "^lib/dissect/"
  PATTERN "${include}" LEAVE "${include}(${std}|${own}|<aldis/(codec|dissect)/[a-z0-9_]+\\.hpp>) *")
ban("follow includes the standard library, codec, dissect and itself" FILES "^lib/follow/"
  PATTERN "${include}" LEAVE "${include}(${std}|${own}|<aldis/(codec|dissect|follow)/[a-z0-9_]+\\.hpp>) *")
ban("time comes into follow as an argument" FILES "^lib/follow/" PATTERN "${B}(system_clock|steady_clock|high_resolution_clock|utc_clock)${E}|(::|\\.|->)now *[(]")
ban("routing includes the standard library, codec, session and itself" FILES "^lib/routing/"
  PATTERN "${include}" LEAVE "${include}(${std}|${own}|<aldis/(codec|session|routing)/[a-z0-9_]+\\.hpp>) *")
ban("time comes into routing as an argument" FILES "^lib/routing/" PATTERN "${B}(system_clock|steady_clock|high_resolution_clock|utc_clock)${E}|(::|\\.|->)now *[(]")
ban("access includes the standard library, codec, the system's calls for files, and libcrypto" FILES "^lib/access/"
  PATTERN "${include}" LEAVE "${include}(${std}|${own}|<aldis/(codec|access)/[a-z0-9_]+\\.hpp>|<(fcntl|unistd|sys/stat|openssl/[a-z]+)\\.h>) *")
ban("nothing below lib knows of lib" FILES "^(codec|session|transport)/"
  PATTERN "${include}[<\"]aldis/[a-z0-9_]+\\.hpp")
ban("a path out of the own folder hides which layer is meant" FILES "^(codec|session|transport|lib)/"
  PATTERN "${include}\"[^\"]*\\.\\./")
ban("libraries know nothing of tests" FILES "^(codec|session|transport|lib|apps)/"
  PATTERN "${include}[<\"](support/|catch2/|benchmark/)")

# ---- heavy headers stay in few files ---------------------------------------------------------------------------------------------------
ban("Beast belongs in its two files of transport" FILES "^(codec|session|transport|lib|apps|test|fuzz)/" EXCEPT "^transport/src/(websocket|http)\\.cpp$"
  PATTERN "${include}[<\"]boost/beast")
ban("TLS belongs in its files of transport" FILES "^(codec|session|transport|lib|apps|test|fuzz)/" EXCEPT "^transport/src/tls(_[a-z]+)?\\.[ch]pp$"
  PATTERN "${include}[<\"](boost/asio/ssl|openssl/ssl)")
ban("libcrypto belongs in one named file of the layer that needs it"
  FILES "^(codec|session|transport|lib|apps)/" EXCEPT "^(transport/src/tls(_[a-z]+)?\\.[ch]pp|(lib|apps)/.*/?crypto\\.cpp)$"
  PATTERN "${include}[<\"]openssl/")
ban("SQLite belongs in one folder of lib" FILES "^(codec|session|transport|lib|apps)/" EXCEPT "^lib/src/store/sqlite\\.hpp$"
  PATTERN "${include}[<\"]sqlite3")
ban("fmt and CLI11 are the programs' affair, and no part of a public header" FILES "^(codec|session|transport|lib)/include/"
  PATTERN "${include}[<\"](fmt/|CLI/)")

# ---- what codec and session do without ------------------------------------------------------------------------------------------------
set(pure "^(codec|session)/")
ban("no threads, no locks" FILES ${pure} PATTERN "${B}(j?thread|mutex|condition_variable|future|promise|call_once|once_flag)${E}"
  LEAVE "${include}<aldis/.*")
# The one exception: whether a held block of bytes is free again is a count that its last owner may have changed elsewhere.
ban("no atomics" FILES ${pure} EXCEPT "^codec/src/frame\\.cpp$" PATTERN "${B}(atomic|atomic_[a-z_]+)${E}")
ban("no threads: nothing is kept for each thread" FILES ${pure} PATTERN "${B}thread_local${E}")
ban("time comes in as an argument" FILES ${pure} PATTERN "${B}(system_clock|steady_clock|high_resolution_clock|utc_clock|gettimeofday|clock_gettime)${E}|(::|\\.|->)now *[(]")
ban("no randomness" FILES ${pure} PATTERN "${B}(random_device|mt19937(_64)?|default_random_engine|s?rand|getrandom|getentropy)${E}")
ban("no sockets" FILES ${pure} PATTERN "${B}(socket|recv|sendmsg|recvmsg|getaddrinfo)  *[(]|(^|[^A-Za-z0-9_>])::(socket|send|recv|connect|bind|listen) *[(]|${B}(sys/socket|netinet|arpa|unistd)")
ban("no console, no files" FILES ${pure} PATTERN "${B}(iostream|fstream|cout|cerr|clog|printf|fprintf|fopen|ifstream|ofstream|fstream)${E}")
ban("no std::function: its allocation and its call cannot be seen" FILES ${pure} PATTERN "std::(move_only_)?function${E}")
ban("no exceptions of our own" FILES ${pure} PATTERN "${B}(throw|catch)${E}")
ban("no run-time type information" FILES ${pure} PATTERN "${B}(dynamic_cast|typeid)${E}")
ban("no Boost, no fmt" FILES ${pure} PATTERN "${B}(boost|fmt)::")
ban("the ranges views of this standard library do not compile with clang 14" FILES ${pure} PATTERN "${include}<ranges>|std::(ranges::)?views::")

# ---- coroutines ------------------------------------------------------------------------------------------------------------------------
# g++ 12.2 miscompiles several ordinary shapes without a word, so there are none in the libraries, and only safe ones elsewhere.
ban("no coroutines inside the libraries" FILES "^(codec|session|transport|lib)/" PATTERN "${B}co_(await|return|yield)${E}|${include}<coroutine>")
set(edge "^(apps|test|docs|README).*[.](cpp|hpp|md)$")
ban("g++ 12: no co_await in a condition; await into a named variable first" FILES ${edge}
  PATTERN "${B}(if|while|for|switch)( constexpr)? *[(].*co_await")

# ---- the build -------------------------------------------------------------------------------------------------------------------------
ban("its macros change types for every file that links with us" FILES "." EXCEPT "^(test/layering.*\\.cmake|docs/.*|README.*)$"
  PATTERN "BOOST_(ASIO|BEAST)_SEPARATE_COMPILATION")
ban("virtual time only: these tests never sleep" FILES "^test/(codec|session|routing|simulation)/" EXCEPT "\\.(sh|py)$"
  PATTERN "${B}(sleep_for|sleep_until|usleep|nanosleep|sleep) *[(]")

# ---- shapes that run over several lines ---------------------------------------------------------------------------------------------------
# unsafe(why pattern): what may not follow a co_await within its statement, in the files of `edge`.
set(shapes 0)
function(unsafe why pattern)
  set(shape_${shapes}_why "${why}" PARENT_SCOPE)
  set(shape_${shapes}_pattern "${pattern}" PARENT_SCOPE)
  math(EXPR shapes "${shapes} + 1")
  set(shapes ${shapes} PARENT_SCOPE)
endfunction()

# Square brackets mean something to CMake, so a file's are two other characters while shapes are looked for.
string(ASCII 1 O)
string(ASCII 2 C)
set(await "co_await[ \n][^;]*")
unsafe("g++ 12: a lambda that captures by value is destroyed twice; name it and move it" "${await}[^A-Za-z0-9_)${C} ] *${O}[ \n]*([A-Za-z_=*][^${C}]*|[^${C}]*,[ \n]*[A-Za-z_*][^${C}]*)${C}[^;]*[{]")
unsafe("g++ 12: a lambda that captures by value is destroyed twice; name it and move it" "co_await[ \n]+${O}[ \n]*([A-Za-z_=*][^${C}]*|[^${C}]*,[ \n]*[A-Za-z_*][^${C}]*)${C}")
unsafe("g++ 12: an aggregate or list made for the call is destroyed twice; name it and move it" "${await}[(,][ \n]*[{]")
unsafe("g++ 12: an aggregate made for the call is destroyed twice; name it and move it" "${await}[{][ \n]*[.][a-z]")
unsafe("g++ 12: a member called on an object made for the call; name the object" "co_await[ \n]+[A-Za-z_:<>0-9]+[{][^;{}]*[}][ \n]*[.]")
unsafe("g++ 12: a conditional argument is destroyed twice; choose first, then await" "${await}[(][^;]*[?][^;]*:")
unsafe("g++ 12: an aggregate around co_await; await first, then build" "[A-Za-z_>][ \n]*[{][^;{}]*co_await[ \n][^;]*[}][ \n]*;")

# ---- reading -----------------------------------------------------------------------------------------------------------------------------
# Lines are cut off one by one: a text with semicolons and brackets is no list to CMake.
macro(report path line why text)
  math(EXPR breaches "${breaches} + 1")
  string(STRIP "${text}" stripped)
  message("${path}:${line}: ${why}\n    ${stripped}")
endmacro()

# Only the C++ blocks of a page count; the lines between them are kept empty so that line numbers stay right.
function(keep_code path content_name)
  set(content "${${content_name}}")
  if(path MATCHES "\\.md$")
    set(kept "")
    while(content MATCHES "(^|\n)```cpp *\n")
      string(FIND "${content}" "```cpp" begin)
      string(SUBSTRING "${content}" 0 ${begin} before)
      string(REGEX REPLACE "[^\n]" "" before "${before}")
      math(EXPR begin "${begin} + 6")
      string(SUBSTRING "${content}" ${begin} -1 content)
      string(FIND "${content}" "\n```" end)
      string(SUBSTRING "${content}" 0 ${end} block)
      string(APPEND kept "${before}${block}")
      if(end LESS 0)
        set(content "")
      else()
        math(EXPR end "${end} + 4")
        string(SUBSTRING "${content}" ${end} -1 content)
        string(FIND "${content}\n" "\n" end)
        math(EXPR end "${end} + 1")
        string(SUBSTRING "${content}\n" ${end} -1 content)
        string(APPEND kept "\n\n")
      endif()
    endwhile()
    set(content "${kept}")
  endif()
  if(path MATCHES "\\.(cpp|hpp|md)$")
    string(REGEX REPLACE "//[^\n]*" "" content "${content}")
  else()
    string(REGEX REPLACE "(^|\n)[ \t]*#[^\n]*" "\\1" content "${content}")
  endif()
  set(${content_name} "${content}" PARENT_SCOPE)
endfunction()

function(line_of content position result)
  string(SUBSTRING "${content}" 0 ${position} before)
  string(REGEX REPLACE "[^\n]" "" before "${before}")
  string(LENGTH "${before}" lines)
  math(EXPR lines "${lines} + 1")
  set(${result} ${lines} PARENT_SCOPE)
endfunction()

function(check_lines path content)
  set(counter "breaches")
  set(applying "")
  math(EXPR last "${rules} - 1")
  foreach(r RANGE ${last})
    if(path MATCHES "${rule_${r}_FILES}" AND NOT (rule_${r}_EXCEPT AND path MATCHES "${rule_${r}_EXCEPT}"))
      # Most files break nothing: the whole text is asked first, the lines only where it may contain a breach.
      string(REPLACE "^" "(^|\n)" whole "${rule_${r}_PATTERN}")
      string(REPLACE "[(^|\n)" "[^" whole "${whole}")
      string(REPLACE "$)" "\n|$)" whole "${whole}")
      if(content MATCHES "${whole}")
        list(APPEND applying ${r})
      endif()
    endif()
  endforeach()
  if(applying STREQUAL "")
    return()
  endif()
  set(number 0)
  while(NOT content STREQUAL "")
    math(EXPR number "${number} + 1")
    string(FIND "${content}" "\n" end)
    if(end LESS 0)
      set(line "${content}")
      set(content "")
    else()
      string(SUBSTRING "${content}" 0 ${end} line)
      math(EXPR end "${end} + 1")
      string(SUBSTRING "${content}" ${end} -1 content)
    endif()
    foreach(r IN LISTS applying)
      if(line MATCHES "${rule_${r}_PATTERN}" AND NOT (rule_${r}_LEAVE AND line MATCHES "^(${rule_${r}_LEAVE})$"))
        report("${path}" ${number} "${rule_${r}_why}" "${line}")
      endif()
    endforeach()
  endwhile()
  set(breaches ${breaches} PARENT_SCOPE)
endfunction()

function(check_shapes path content)
  if(NOT path MATCHES "${edge}" OR NOT content MATCHES "co_await")
    return()
  endif()
  string(REPLACE "[" "${O}" content "${content}")
  string(REPLACE "]" "${C}" content "${content}")
  math(EXPR last "${shapes} - 1")
  foreach(s RANGE ${last})
    if(content MATCHES "${shape_${s}_pattern}")
      set(found "${CMAKE_MATCH_0}")
      string(FIND "${content}" "${found}" position)
      line_of("${content}" ${position} line)
      string(REPLACE "${O}" "[" found "${found}")
      string(REPLACE "${C}" "]" found "${found}")
      report("${path}" ${line} "${shape_${s}_why}" "${found}")
    endif()
  endforeach()
  set(breaches ${breaches} PARENT_SCOPE)
endfunction()

file(GLOB_RECURSE sources RELATIVE ${ROOT}
  ${ROOT}/codec/* ${ROOT}/session/* ${ROOT}/transport/* ${ROOT}/lib/* ${ROOT}/apps/* ${ROOT}/test/* ${ROOT}/fuzz/*.?pp ${ROOT}/docs/*.md)
list(APPEND sources README.md CMakeLists.txt CMakePresets.json)
set(count 0)
foreach(path IN LISTS sources)
  if(NOT path MATCHES "\\.(cpp|hpp|md|cmake|json|sh)$|CMakeLists\\.txt$" OR path MATCHES "^test/vectors/" OR NOT EXISTS ${ROOT}/${path})
    continue()
  endif()
  file(READ ${ROOT}/${path} content)
  keep_code(${path} content)
  check_lines(${path} "${content}")
  check_shapes(${path} "${content}")
  math(EXPR count "${count} + 1")
endforeach()

if(count EQUAL 0)
  message(FATAL_ERROR "no source found under ${ROOT}")
elseif(breaches GREATER 0)
  message(FATAL_ERROR "${breaches} breaches of the layering rules in ${count} files")
endif()
message("${count} files keep the layering rules")
