import Glibc

/// Which shared libraries there are, found by name at run time: their headers belong to other rooms.
enum LibraryCheck {
    private enum VersionCall {
        /// `const char *f(void)`.
        case text(String)
        /// `const char *f(int)`, called with zero.
        case textOfZero(String)
        /// `T *f(int)`, called with zero, where T is two integers and then a text.
        case structure(String)
        /// A library that does not tell.
        case none
    }

    private static let libraries: [(name: String, file: String, package: String, call: VersionCall)] = [
        ("OpenSSL (libssl)", "libssl.so.3", "libssl3", .textOfZero("OpenSSL_version")),
        ("nghttp2", "libnghttp2.so.14", "libnghttp2-14", .structure("nghttp2_version")),
        ("curl", "libcurl.so.4", "libcurl4", .text("curl_version")),
        ("zlib", "libz.so.1", "zlib1g", .text("zlibVersion")),
        ("simdjson", "libsimdjson.so.14", "libsimdjson14", .none),
    ]

    static func findings() -> [Finding] {
        libraries.map { library in
            guard let handle = unsafe dlopen(library.file, RTLD_LAZY) else {
                return .failure(
                    "library", "\(library.name): \(library.file) is missing",
                    do: "install the Debian package \(library.package)")
            }
            guard case .none = library.call else {
                guard let version = unsafe version(handle, library.call) else {
                    return .failure(
                        "library", "\(library.name): \(library.file) does not tell its version",
                        do: "reinstall the Debian package \(library.package)")
                }
                return .good("library", "\(library.name): \(version)")
            }
            return .good("library", "\(library.name): \(library.file)")
        }
    }

    // SAFETY: each name and signature is that of the library's manual, and has been for many years.
    private static func version(_ handle: UnsafeMutableRawPointer, _ call: VersionCall) -> String? {
        typealias Text = @convention(c) () -> UnsafePointer<CChar>?
        typealias TextOfInt = @convention(c) (CInt) -> UnsafePointer<CChar>?
        typealias StructureOfInt = @convention(c) (CInt) -> UnsafeRawPointer?
        let text: UnsafePointer<CChar>?
        switch call {
        case .text(let name):
            guard let symbol = unsafe dlsym(handle, name) else { return nil }
            unsafe text = unsafeBitCast(symbol, to: Text.self)()
        case .textOfZero(let name):
            guard let symbol = unsafe dlsym(handle, name) else { return nil }
            unsafe text = unsafeBitCast(symbol, to: TextOfInt.self)(0)
        case .structure(let name):
            guard let symbol = unsafe dlsym(handle, name),
                let structure = unsafe unsafeBitCast(symbol, to: StructureOfInt.self)(0)
            else { return nil }
            unsafe text = structure.load(fromByteOffset: 8, as: UnsafePointer<CChar>?.self)
        case .none: return nil
        }
        return unsafe text.map { unsafe String(cString: $0) }
    }
}
