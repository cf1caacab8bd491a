# Every library but LibTorch, each under one target name that the folders link:
#   Boost::headers  TBB::tbb  Graphviz::gvc  Graphviz::cgraph  nlohmann_json::nlohmann_json
#   simdjson::simdjson  ZLIB::ZLIB  xxHash::xxhash  yaml-cpp::yaml-cpp  PCRE2::8bit  ICU::uc
#   CLI11::CLI11  httplib::httplib  GTest::gtest_main, rapidcheck and LibLZMA::LibLZMA (tests only)

set(THREADS_PREFER_PTHREAD_FLAG ON)
find_package(Threads REQUIRED)
find_package(Boost 1.74 REQUIRED)
find_package(TBB REQUIRED)
find_package(Graphviz REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(simdjson REQUIRED)
find_package(ZLIB REQUIRED)
find_package(xxHash REQUIRED)
find_package(yaml-cpp REQUIRED)
find_package(PCRE2 REQUIRED)
find_package(ICU REQUIRED COMPONENTS uc)
find_package(CLI11 REQUIRED)
find_package(httplib REQUIRED)
if(CIRCUIT_BUILD_TESTS)
  find_package(GTest REQUIRED)
  find_package(LibLZMA REQUIRED)
  find_package(rapidcheck REQUIRED)
endif()

# yaml-cpp before 0.8 has no namespace.
if(NOT TARGET yaml-cpp::yaml-cpp)
  add_library(yaml-cpp::yaml-cpp ALIAS yaml-cpp)
endif()
