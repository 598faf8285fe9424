@testable import Base
import Testing

@Suite struct ConfigurationTests {
    private func problems(
        flags: [String] = [], environment: [String: String] = [:], file: ConfigValue? = nil
    ) -> [String] {
        do throws(ConfigurationError) {
            _ = try Configuration.parse(flags: flags, environment: environment, file: file)
            return []
        } catch {
            return error.problems.map(\.description)
        }
    }

    @Test func `what nobody sets has the defaults of the table`() {
        let configuration = Configuration.defaults
        #expect(configuration.listen == [.tcp(host: "127.0.0.1", port: 8080)])
        #expect(configuration.data == "./data")
        #expect(configuration.environment == .development)
        #expect(configuration.loops == nil)
        #expect(configuration.http.headerBytesMax == 32_768)
        #expect(configuration.http.bodyBytesMax == 16 << 20)
        #expect(configuration.http.idleTimeout == .seconds(75))
        #expect(configuration.tls.certificate == nil)
        #expect(configuration.log.level == .info)
        #expect(configuration.resolved.allSatisfy { $0.source == .standard })
        #expect(configuration.resolved.map(\.setting.key) == Setting.table.map(\.key))
    }

    @Test func `flags are stronger than the environment, and that than the file`() throws {
        let file: ConfigValue = .object([
            ("data", .string("file")), ("env", .string("production")),
            ("http", .object([("body_bytes_max", .number("1"))])),
        ])
        let configuration = try Configuration.parse(
            flags: ["--data", "flag"],
            environment: ["HELIOGRAPH_DATA": "environment", "HELIOGRAPH_ENV": "development"], file: file)
        #expect(configuration.data == "flag")
        #expect(configuration.environment == .development)
        #expect(configuration.http.bodyBytesMax == 1)
        let sources = Dictionary(
            uniqueKeysWithValues: configuration.resolved.map { ($0.setting.key, $0.source) })
        #expect(sources["data"] == .flag)
        #expect(sources["env"] == .environment)
        #expect(sources["http.body_bytes_max"] == .file)
        #expect(sources["loops"] == .standard)
    }

    @Test func `an empty variable counts as absent`() throws {
        let environment = ["HELIOGRAPH_DATA": "", "HELIOGRAPH_NOTHING": ""]
        #expect(try Configuration.parse(flags: [], environment: environment, file: nil).data == "./data")
    }

    @Test(
        arguments: zip(
            [["--bench"], ["--no-bench"], ["--bench=true"], ["--bench=0"], ["--bench=on"]],
            [true, false, true, false, true]))
    func `a switch stands alone, is negated or has a value`(flags: [String], isOn: Bool) throws {
        #expect(try Configuration.parse(flags: flags, environment: [:], file: nil).isBench == isOn)
    }

    @Test func `listening addresses come as several flags, a list or an array`() throws {
        let expected: [ListenAddress] = [.tcp(host: "[::1]", port: 0), .unix(path: "/run/h")]
        let flags = ["--listen=[::1]:0", "--listen", "unix:/run/h"]
        #expect(try Configuration.parse(flags: flags, environment: [:], file: nil).listen == expected)
        let environment = ["HELIOGRAPH_LISTEN": "[::1]:0, unix:/run/h"]
        #expect(try Configuration.parse(flags: [], environment: environment, file: nil).listen == expected)
        let file: ConfigValue = .object([("listen", .array([.string("[::1]:0"), .string("unix:/run/h")]))])
        #expect(try Configuration.parse(flags: [], environment: [:], file: file).listen == expected)
    }

    @Test func `all that is wrong is told at once`() {
        let file: ConfigValue = .object([
            ("htp", .object([])),
            ("http", .object([("idle_timeot", .string("1s")), ("body_timeout", .string("soon"))])),
            ("data", .array([])), ("data", .null), ("log", .bool(true)), ("config", .string("x")),
        ])
        #expect(
            problems(
                flags: ["--liste", "x", "y", "--data", "--env=test", "--loops", "1", "--loops=2", "-v"],
                environment: ["HELIOGRAPH_LISTN": "a", "HELIOGRAPH_LOOPS": "many", "PATH": "/bin"], file: file
            )
                == [
                    "--liste: is no setting; did you mean --listen?",
                    "y: is not expected here",
                    "--data: needs a value: a path",
                    "--loops: is given twice",
                    "-v: is no setting",
                    "HELIOGRAPH_LISTN: is no setting; did you mean HELIOGRAPH_LISTEN?",
                    "htp in the file: is no setting",
                    "http.idle_timeot in the file: is no setting; did you mean http.idle_timeout?",
                    "data in the file: must be one value, not an array",
                    "data in the file: stands there twice",
                    "log in the file: is a group and must be an object",
                    "config in the file: is no setting",
                    "--env: must be development or production, not \"test\"",
                    "HELIOGRAPH_LOOPS: must be a whole number from 0 to 256, not \"many\"",
                    "http.body_timeout in the file: must be a time span from 1ms to 1d, such as 1m30s, not \"soon\"",
                ])
    }

    @Test(arguments: [
        (["--tls-cert", "a"], "tls.key: TLS needs a certificate and its key: set both tls.cert and tls.key"),
        (["--tls-key", "a"], "tls.cert: TLS needs a certificate and its key: set both tls.cert and tls.key"),
        (
            ["--tls-client-ca", "a"],
            "tls.client_ca: client certificates need TLS: set tls.cert and tls.key"
        ),
        (
            ["--http-target-bytes-max", "64KiB"],
            "http.target_bytes_max: must not be larger than http.header_bytes_max"
        ),
        (
            ["--encryption-key", String(repeating: "0a", count: 32), "--encryption-keys", "1:x"],
            "encryption_keys: give only one of encryption_key, encryption_keys and encryption_key_file"
        ),
        (
            ["--encryption-keys", "1:x", "--encryption-key-file", "y"],
            "encryption_key_file: give only one of encryption_key, encryption_keys and encryption_key_file"
        ),
    ])
    func `settings that do not go together are told`(flags: [String], problem: String) {
        #expect(problems(flags: flags) == [problem])
    }

    @Test(arguments: ["x", String(repeating: "0", count: 63), String(repeating: "g", count: 64)])
    func `what is no encryption key is told without quoting it`(text: String) {
        #expect(
            problems(environment: ["ENCRYPTION_KEY": text]) == [
                "ENCRYPTION_KEY: must be 64 hexadecimal digits"
            ])
    }

    @Test func `keys of the vault are taken and never shown`() throws {
        let key = String(repeating: "0a", count: 32)
        let read = try Configuration.parse(flags: [], environment: ["ENCRYPTION_KEY": key], file: nil)
        #expect(read.encryption.key == Secret(key))
        #expect(read.resolved.allSatisfy { !$0.shownText.contains("0a0a") })
    }

    @Test func `texts in the file may name variables`() throws {
        let file: ConfigValue = .object([
            ("data", .string("${HOME}/x-${NONE:-none}-${EMPTY:-empty}-$$-$-${NONE:-}")),
            ("listen", .array([.string("127.0.0.1:${PORT:-81}")])),
        ])
        let configuration = try Configuration.parse(
            flags: [], environment: ["HOME": "/root", "EMPTY": ""], file: file)
        #expect(configuration.data == "/root/x-none-empty-$-$-")
        #expect(configuration.listen == [.tcp(host: "127.0.0.1", port: 81)])
    }

    @Test(
        arguments: zip(
            ["${NONE}", "${NONE", "${}", "${A-b}", "${1A}", "${A B}"],
            [
                "names the variable NONE, which is not set", "has a ${ without its }",
                "has ${}, which is neither ${NAME} nor ${NAME:-default}",
                "has ${A-b}, which is neither ${NAME} nor ${NAME:-default}",
                "has ${1A}, which is neither ${NAME} nor ${NAME:-default}",
                "has ${A B}, which is neither ${NAME} nor ${NAME:-default}",
            ]))
    func `a reference that leads nowhere is told`(text: String, message: String) {
        #expect(problems(file: .object([("data", .string(text))])) == ["data in the file: \(message)"])
    }

    @Test func `a file that is no object is told`() {
        #expect(problems(file: .array([])) == ["the file: must hold an object"])
    }

    @Test func `the file's path comes from a flag or the environment`() {
        #expect(
            Configuration.filePath(flags: ["--config", "a"], environment: ["HELIOGRAPH_CONFIG": "b"]) == "a")
        #expect(Configuration.filePath(flags: ["--bench"], environment: ["HELIOGRAPH_CONFIG": "b"]) == "b")
        #expect(Configuration.filePath(flags: [], environment: [:]) == nil)
    }

    @Test func `mistakes in flags alone are mistakes of usage`() throws {
        let flags = try #require(throws: ConfigurationError.self) {
            try Configuration.parse(flags: ["--x"], environment: [:], file: nil)
        }
        #expect(flags.isUsageAlone)
        let both = try #require(throws: ConfigurationError.self) {
            try Configuration.parse(flags: ["--x"], environment: ["HELIOGRAPH_X": "1"], file: nil)
        }
        #expect(!both.isUsageAlone)
    }

    @Test func `a secret is shown neither in the table nor in a mistake`() throws {
        let table = [
            Setting("key", .secret, default: "", "A key.") { _, _ in },
            Setting(
                "pin",
                SettingKind<Int>(name: "a pin", isSecret: true) { _ throws(SettingMistake) in
                    throw SettingMistake("must be a pin")
                }.orNothing(), default: "", "A pin."
            ) { _, _ in },
        ]
        let configuration = try Configuration.parse(
            flags: ["--key", "hunter2"], environment: [:], file: nil, table: table)
        #expect(configuration.resolved.map(\.shownText) == ["•••", ""])
        let error = try #require(throws: ConfigurationError.self) {
            try Configuration.parse(flags: ["--pin", "1234"], environment: [:], file: nil, table: table)
        }
        #expect(error.description == "--pin: must be a pin")
    }

    @Test func `what differs after a reload is known`() throws {
        let old = Configuration.defaults
        let new = try Configuration.parse(
            flags: ["--log-level", "debug", "--loops", "3"], environment: [:], file: nil)
        let changes = new.changes(from: old)
        #expect(changes.map(\.setting.key) == ["loops", "log.level"])
        #expect(changes.map(\.setting.isReloadable) == [false, true])
    }

    @Test func `no name in the table stands for two settings`() {
        #expect(Set(Setting.table.map(\.key)).count == Setting.table.count)
        #expect(Set(Setting.table.map(\.flag)).count == Setting.table.count)
        #expect(Set(Setting.table.map(\.variable)).count == Setting.table.count)
    }

    @Test(arguments: [
        "HELIOGRAPH_LISTEN", "HELIOGRAPH_DATA", "HELIOGRAPH_ENV", "HELIOGRAPH_PUBLIC_URL",
        "HELIOGRAPH_TLS_CERT",
        "HELIOGRAPH_TLS_KEY", "HELIOGRAPH_TLS_CLIENT_CA", "HELIOGRAPH_BENCH", "HELIOGRAPH_CONFIG",
    ])
    func `the variables that scripts rely on are there`(name: String) {
        #expect(Setting.table.contains { $0.variable == name })
    }

    @Test func `every default in the table is right`() { #expect(problems().isEmpty) }

    @Test func `every setting is explained in a sentence`() {
        #expect(Setting.table.allSatisfy { $0.help.hasSuffix(".") && !$0.kind.isEmpty })
    }

    @Test func `any arguments and trees are read or refused, never more`() {
        var generator = Seeded(5)
        let pieces =
            Setting.table.map(\.flag) + [
                "--no-bench", "=", "--", "-", "${", "}", "é", "0", "unix:", ":", "[",
            ]
        for _ in 0..<150 {
            let flags = (0..<Int.random(in: 0...4, using: &generator)).map { _ in
                (0..<Int.random(in: 1...3, using: &generator)).map { _ in
                    pieces[Int.random(in: 0..<pieces.count, using: &generator)]
                }.joined()
            }
            _ = problems(flags: flags, file: .object(flags.map { ($0, .string($0)) }))
        }
    }
}
