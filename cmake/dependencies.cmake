# Third parties, all from Debian 12 packages except LibTorch (cmake/torch.cmake).
find_package(nlohmann_json 3.11 REQUIRED)
find_package(spdlog 1.10 REQUIRED)
find_package(OpenSSL 3 REQUIRED COMPONENTS Crypto)
find_package(CLI11 2.1 REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(libzip REQUIRED IMPORTED_TARGET libzip>=1.7)
pkg_check_modules(utf8proc REQUIRED IMPORTED_TARGET libutf8proc)
pkg_check_modules(sentencepiece REQUIRED IMPORTED_TARGET sentencepiece)

add_library(libzip::zip ALIAS PkgConfig::libzip)
add_library(utf8proc::utf8proc ALIAS PkgConfig::utf8proc)
add_library(sentencepiece::sentencepiece ALIAS PkgConfig::sentencepiece)
