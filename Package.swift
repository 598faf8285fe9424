// swift-tools-version: 6.2
import PackageDescription

// Every Swift target is built the same way; a target that needs an exception says so beside it.
let swift: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .strictMemorySafety(),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .enableUpcomingFeature("InferIsolatedConformances"),
    .enableUpcomingFeature("ImmutableWeakCaptures"),
    .enableExperimentalFeature("Lifetimes"),
    .treatAllWarnings(as: .error),
    // A sixth of a request's instructions went into checking at run time that no two accesses to a variable overlap.
    // Debug builds, which all unit tests and sanitizers run, go on checking.
    .unsafeFlags(["-enforce-exclusivity=unchecked"], .when(configuration: .release)),
]

/// Whether `Fuzz/run.sh` builds: the rooms then count which branches an input takes.
let fuzzing = Context.environment["HELIOGRAPH_FUZZ"] == "1"
let counted: [SwiftSetting] = fuzzing ? [.unsafeFlags(["-sanitize=fuzzer"])] : []

/// A room of the house: `Sources/NAME`.
func room(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: swift + counted)
}

/// The tests of a room: `Tests/NAMETests`.
func tests(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .testTarget(
        name: "\(name)Tests", dependencies: [.byName(name: name)] + dependencies, swiftSettings: swift)
}

/// A C library that Debian gives: `Libraries/NAME`.
func library(_ name: String, pkgConfig: String) -> Target {
    .systemLibrary(name: name, path: "Libraries/\(name)", pkgConfig: pkgConfig)
}

/// The fuzz targets, in one program that takes the name of one.
let fuzzTargets: [Target] = [
    .target(name: "CFuzzer", path: "Fuzz/CFuzzer"),
    .executableTarget(
        name: "fuzz",
        dependencies: [
            "Base", "Wire", "Crypto", "HTTPServer", "Kernel", "Reactor", "Identity", "Streams", "BotAPI",
            "Simulator", "Bots", "CFuzzer",
        ],
        path: "Fuzz/Targets",
        swiftSettings: swift),
]

let package = Package(
    name: "heliograph",
    products: [
        .executable(name: "heliograph", targets: ["heliograph"])
    ],
    targets: [
        // Floor 0: one module a C library, each imported by exactly one room.
        library("CNGHTTP2", pkgConfig: "libnghttp2"),
        library("COpenSSL", pkgConfig: "openssl"),
        library("CCurl", pkgConfig: "libcurl"),
        library("CZlib", pkgConfig: "zlib"),
        library("CSQLite", pkgConfig: "sqlite3"),
        .target(
            name: "CSQLiteLog", dependencies: ["CSQLite"], path: "Libraries/CSQLiteLog",
            linkerSettings: [.linkedLibrary("sqlite3")]),
        library("CPostgres", pkgConfig: "libpq"),
        library("CArgon2", pkgConfig: "libargon2"),
        library("CCrypt", pkgConfig: "libcrypt"),
        .target(
            name: "CLLHTTP", path: "Libraries/CLLHTTP",
            cSettings: [
                .unsafeFlags(["-I/usr/share/include/llhttp"]),
                .define("LLHTTP_STRICT_MODE", to: "1"),
            ]),
        .target(
            name: "CSimdJSON", path: "Libraries/CSimdJSON",
            linkerSettings: [.linkedLibrary("simdjson"), .linkedLibrary("stdc++")]),
        .target(name: "CLinux", path: "Libraries/CLinux"),

        // Floor 1
        room("Base"),
        room("Wire", ["Base", "CLLHTTP", "CSimdJSON", "CZlib"]),
        room("Crypto", ["Base", "Wire", "COpenSSL", "CArgon2", "CCrypt"]),
        // Floor 2
        room("Reactor", ["Base", "Crypto", "CLinux"]),
        // Floor 3
        room("HTTPServer", ["Base", "Wire", "Crypto", "Reactor", "CNGHTTP2"]),
        room("HTTPClient", ["Base", "Wire", "Reactor", "CCurl"]),
        room("Store", ["Base"]),
        room("StoreSQLite", ["Base", "Store", "Reactor", "CSQLite", "CSQLiteLog"]),
        room("StorePostgres", ["Base", "Store", "Reactor", "CPostgres"]),
        room("Bus", ["Base"]),
        room("BusRedis", ["Base", "Wire", "Crypto", "Reactor", "Bus"]),
        // Floor 4
        room("BotAPI", ["Base", "Wire", "Reactor", "HTTPClient"]),
        room("Simulator", ["Base", "Wire", "Crypto", "Reactor", "HTTPServer", "HTTPClient"]),
        // Floor 5
        room("Kernel", ["Base", "Crypto", "Reactor", "Store", "Bus"]),
        // Floor 6
        room("Identity", ["Base", "Wire", "Crypto", "Reactor", "HTTPServer", "Store", "Bus", "Kernel"]),
        room(
            "Bots",
            [
                "Base", "Wire", "Crypto", "Reactor", "HTTPServer", "HTTPClient", "Store", "Bus", "BotAPI",
                "Kernel", "Identity",
            ]),
        room(
            "Chats",
            [
                "Base", "Wire", "Crypto", "Reactor", "HTTPServer", "Store", "BotAPI", "Kernel",
                "Identity", "Bots",
            ]),
        room("Streams", ["Base", "Wire", "Reactor", "HTTPServer", "Kernel", "Identity"]),
        room(
            "Sending",
            [
                "Base", "Wire", "Crypto", "Reactor", "HTTPServer", "Store", "Bus", "BotAPI", "Kernel",
                "Identity", "Bots", "Chats",
            ]),
        // Floor 7
        room(
            "BotFacade",
            [
                "Base", "Wire", "Crypto", "Reactor", "HTTPServer", "HTTPClient", "Store", "Bus", "BotAPI",
                "Kernel", "Identity", "Bots", "Chats", "Sending",
            ]),
        room("System", ["Base", "Wire", "Reactor", "HTTPServer", "Kernel"]),
        // Floor 8
        .executableTarget(
            name: "heliograph",
            dependencies: [
                "Base", "Wire", "Crypto", "Reactor", "HTTPServer", "HTTPClient", "Store", "StoreSQLite",
                "StorePostgres", "Bus", "BusRedis", "BotAPI", "Simulator", "Kernel", "Identity", "Bots",
                "Chats", "Streams", "Sending", "BotFacade", "System",
            ],
            swiftSettings: swift),

        // Tools; optimised even in a debug build, because `make test` runs them each time.
        .executableTarget(
            name: "tidy", path: "Tools/tidy", exclude: ["Tests", "tidy.allow"],
            swiftSettings: swift + [.unsafeFlags(["-O"])]),
        .testTarget(
            name: "TidyTests", dependencies: ["tidy"], path: "Tools/tidy/Tests", swiftSettings: swift),

        // Rows a second through the store, against bare SQLite: `swift run -c release storebench`.
        .executableTarget(
            name: "storebench", dependencies: ["Base", "Store", "StoreSQLite", "CSQLite"],
            path: "bench/store", swiftSettings: swift),

        // What the tests of several rooms share.
        .target(
            name: "StoreTesting", dependencies: ["Base", "Store", "StoreSQLite", "StorePostgres", "Reactor"],
            path: "Tests/StoreTesting",
            swiftSettings: swift),
        .target(name: "TestSupport", path: "Tests/Support", swiftSettings: swift),

        // A node that tests kill and freeze.
        .executableTarget(
            name: "logprobe",
            dependencies: ["Base", "Reactor", "Store", "StoreSQLite", "StorePostgres", "Kernel"],
            path: "e2e/logprobe", swiftSettings: swift),

        tests("Base"),
        tests("Wire", ["Base"]),
        tests("Crypto", ["Base", "Wire", "TestSupport"]),
        tests("Reactor", ["Base", "Crypto", "CLinux", "TestSupport"]),
        tests("HTTPServer", ["Base", "Wire", "Crypto", "Reactor", "CNGHTTP2", "TestSupport"]),
        tests("HTTPClient", ["Base", "Wire", "Reactor", "HTTPServer", "TestSupport"]),
        tests("Store", ["Base", "StoreTesting"]),
        tests("StoreSQLite", ["Base", "Store", "StoreTesting", "TestSupport"]),
        tests("StorePostgres", ["Base", "Store", "StoreTesting", "Reactor"]),
        tests("Bus", ["Base"]),
        tests("BusRedis", ["Base", "Wire", "Crypto", "Reactor", "Bus", "TestSupport"]),
        tests("Kernel", ["Base", "Crypto", "Store", "StoreTesting", "Reactor", "Bus"]),
        tests(
            "Identity",
            [
                "Base", "Wire", "Crypto", "Reactor", "HTTPServer", "HTTPClient", "Store", "StoreTesting",
                "Bus",
                "Kernel",
            ]),
        tests("BotAPI", ["Base", "Wire", "Reactor", "HTTPServer", "HTTPClient", "TestSupport"]),
        tests("Simulator", ["Base", "Wire", "Crypto", "Reactor", "HTTPServer", "HTTPClient", "TestSupport"]),
        tests(
            "Bots",
            [
                "Base", "Wire", "Crypto", "Reactor", "HTTPServer", "HTTPClient", "Store", "StoreTesting",
                "Bus", "BotAPI", "Simulator", "Kernel", "Identity", "TestSupport",
            ]),
        tests(
            "Chats",
            [
                "Base", "Wire", "Crypto", "Reactor", "HTTPServer", "Store", "StoreTesting", "Bus", "Kernel",
                "Identity", "Bots",
            ]),
        tests(
            "Sending",
            [
                "Base", "Wire", "Crypto", "Reactor", "HTTPServer", "HTTPClient", "Store", "StoreTesting",
                "Bus", "BotAPI", "Simulator", "Kernel", "Identity", "Bots", "Chats", "TestSupport",
            ]),
        tests(
            "BotFacade",
            [
                "Base", "Wire", "Crypto", "Reactor", "HTTPServer", "HTTPClient", "Store", "StoreTesting",
                "Bus", "BotAPI", "Simulator", "Kernel", "Identity", "Bots", "Chats", "Sending",
                "TestSupport",
            ]),
        tests("Streams", ["Base", "Wire", "Kernel"]),
        tests("System", ["Base", "Wire", "Reactor", "HTTPServer"]),
    ] + (fuzzing ? fuzzTargets : []),
    cxxLanguageStandard: .cxx17
)
