# Third parties, all from Debian 12 packages except LibTorch (cmake/torch.cmake).
find_package(nlohmann_json 3.11 REQUIRED)
find_package(spdlog 1.10 REQUIRED)
find_package(OpenSSL 3 REQUIRED COMPONENTS Crypto)
find_package(CLI11 2.1 REQUIRED)
find_package(Eigen3 3.4 REQUIRED NO_MODULE)
find_package(PkgConfig REQUIRED)
pkg_check_modules(libzip REQUIRED IMPORTED_TARGET libzip>=1.7)
pkg_check_modules(libhwy REQUIRED IMPORTED_TARGET libhwy>=1.0.3)
pkg_check_modules(pcre2 REQUIRED IMPORTED_TARGET libpcre2-8>=10.42)
pkg_check_modules(utf8proc REQUIRED IMPORTED_TARGET libutf8proc)
pkg_check_modules(sentencepiece REQUIRED IMPORTED_TARGET sentencepiece)

add_library(hwy::hwy ALIAS PkgConfig::libhwy)
if(DND_SANITIZE)
  # One instruction set, known at compile time: with checks in all that Highway inlines, every one more costs
  # minutes.
  target_compile_definitions(PkgConfig::libhwy INTERFACE HWY_COMPILE_ONLY_STATIC)
  set(dnd_highway_options -march=haswell -O1 -fno-sanitize=pointer-overflow)  # (cmake/modules.cmake)
endif()
add_library(libzip::zip ALIAS PkgConfig::libzip)
add_library(pcre2::pcre2 ALIAS PkgConfig::pcre2)
add_library(utf8proc::utf8proc ALIAS PkgConfig::utf8proc)
add_library(sentencepiece::sentencepiece ALIAS PkgConfig::sentencepiece)
