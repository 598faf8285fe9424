import Base
import Bus
import BusRedis
import Crypto
import Foundation
import Reactor
import TestSupport
import Testing

extension RedisTests {
    /// Who is let in, and by which door.
    @Suite struct SignInTests {
        @Test func `a wrong password is said plainly, and ends the start`() async throws {
            let server = try RedisProcess(["--requirepass", "right"])
            try await withRedisBus("redis://:wrong@127.0.0.1:\(server.port)", waits: false) {
                bus async throws in
                let error = await #expect(throws: BusError.self) { try await bus.start() }
                guard case .refused(let words) = error else {
                    Issue.record("\(error as Any)")
                    return
                }
                #expect(words.contains("refuses the user or the password"))
                #expect(!words.contains("wrong@") && !words.contains(":wrong"))
                await #expect(throws: BusError.self) { try await bus.increment("n") }
                try await bus.waitUntilDegraded(by: "WRONGPASS")
            }
            try await withRedisBus("redis://127.0.0.1:\(server.port)", waits: false) { bus async throws in
                let error = await #expect(throws: BusError.self) { try await bus.start() }
                guard case .refused(let words) = error else {
                    Issue.record("\(error as Any)")
                    return
                }
                #expect(words.contains("wants a password"))
            }
        }

        @Test func `a user with a password, a name and a database`() async throws {
            let server = try RedisProcess([
                "--user", "worker", "on", ">p@ss:word", "~*", "&*", "+@all", "--user", "default", "off",
            ])
            try await withRedisBus("redis://worker:p%40ss%3Aword@localhost:\(server.port)/5") {
                bus async throws in
                try await bus.start()
                #expect(try await bus.increment("n") == 1)
                let cli = ["--user", "worker", "--pass", "p@ss:word"]
                #expect(try server.cli(cli + ["-n", "5", "DBSIZE"]) == "1")
                #expect(try server.cli(cli + ["CLIENT", "LIST"]).contains("name=heliograph-commands"))
            }
        }

        @Test func `a server out of reach does not end the start`() async throws {
            try await withRedisBus("redis://127.0.0.1:\(freePort())", waits: false) { bus async throws in
                try await bus.start()
            }
        }

        @Test func `a subscription that is not allowed is said plainly`() async throws {
            let server = try RedisProcess(["--user", "worker", "on", ">word", "~*", "resetchannels", "+@all"])
            try await withRedisBus("redis://worker:word@127.0.0.1:\(server.port)", waits: false) {
                bus async throws in
                _ = await bus.subscribe(to: .chat(1))
                try await bus.waitUntilDegraded(by: "NOPERM")
            }
        }

        @Test func `a URL of the wrong kind is said plainly`() async throws {
            let server = try Backend.server.get()
            try await withRedisBus("redis+cluster://127.0.0.1:\(server.port)", waits: false) {
                bus async throws in
                let error = await #expect(throws: BusError.self) { try await bus.start() }
                #expect("\(error as Any)".contains("belongs to no cluster"))
            }
            let node = try RedisCluster.shared.get().nodes[0]
            try await withRedisBus("redis://127.0.0.1:\(node.port)", waits: false) { bus async throws in
                let error = await #expect(throws: BusError.self) { try await bus.start() }
                #expect("\(error as Any)".contains("redis+cluster://"))
            }
        }

        @Test func `a server that forgot its scripts is sent them again`() async throws {
            let server = try RedisProcess()
            try await withRedisBus("redis://127.0.0.1:\(server.port)") { bus async throws in
                for left in [2, 1, 0] {
                    try server.cli("SCRIPT", "FLUSH")
                    let decision = try await bus.take("b", cost: 1, emissionInterval: .seconds(9), burst: 3)
                    #expect(decision == .taken(remaining: left))
                }
            }
        }

        @Test func `TLS with an authority of one's own`() async throws {
            let (server, authority, plainPort) = try tlsServer()
            let url = "rediss://127.0.0.1:\(plainPort)"
            try await withRedisBus(url, { $0.trust = .authorities(.file(authority)) }) { bus async throws in
                let subscription = await bus.subscribe(to: .chat(1))
                #expect(try await bus.increment("n") == 1)
                let large = Bytes([UInt8](repeating: 7, count: 300_000))
                try await bus.set("k", to: large)
                #expect(try await bus.get("k") == large)
                bus.publish("secret", to: .chat(1))
                #expect(try await subscription.message().text == "secret")
            }
            try await withRedisBus(url, waits: false) { bus async throws in
                try await bus.waitUntilDegraded(by: "untrusted")
            }
            withExtendedLifetime(server) {}
        }

        private func tlsServer() throws -> (RedisProcess, authority: String, port: UInt16) {
            let port = freePort()
            let server = try RedisProcess(arguments: { folder in
                try makeCertificate(in: folder)
                return [
                    "--tls-port", "\(port)", "--tls-cert-file", "cert.pem", "--tls-key-file", "key.pem",
                    "--tls-ca-cert-file", "cert.pem", "--tls-auth-clients", "no",
                ]
            })
            return (server, server.folder.path + "/cert.pem", port)
        }

        private func makeCertificate(in folder: URL) throws {
            try ChildProcess.run(
                "/usr/bin/openssl",
                [
                    "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days",
                    "30",
                    "-subj", "/CN=test", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", "key.pem",
                    "-out",
                    "cert.pem",
                ], in: folder.path)
        }
    }
}
