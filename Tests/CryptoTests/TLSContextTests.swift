import Base
import Crypto
import Foundation
import Testing

@Suite struct TLSContextTests {
    private static let authority = TestCertificates.shared.authority

    @Test(arguments: [TLSVersion.tls12, .tls13])
    func `a client without a certificate is refused where one is required`(version: TLSVersion) throws {
        let pair = try TLSPair(
            .test(clients: .required(authorities: Self.authority), only: version), .test(),
            host: "example.test")
        #expect(code { try pair.exchange() } == .certificateRequired)
    }

    @Test(arguments: [TLSVersion.tls12, .tls13])
    func `a client with a certificate is accepted and known`(version: TLSVersion) throws {
        let pair = try TLSPair(
            .test(clients: .required(authorities: Self.authority), only: version), .test(identity: "client"),
            host: "example.test")
        try pair.exchange()
        let peer = try #require(pair.server.peerCertificate)
        #expect(peer.subject == "CN=client,O=Test" && peer.issuer == "CN=ca" && peer.commonName == "client")
        #expect(peer.uris == ["spiffe://test/worker-7"] && peer.emails == ["w@worker.test"])
        #expect(peer.fingerprint == SHA256.hash(peer.der))
        #expect(peer.notAfterSeconds > peer.notBeforeSeconds)
    }

    @Test func `a client's certificate of another authority is refused even where it is optional`() throws {
        let rule = TLSServerSettings.ClientCertificates.optional(authorities: Self.authority)
        let stranger = try TLSPair(.test(clients: rule), .test(identity: "stranger"), host: "example.test")
        #expect(code { try stranger.exchange() } == .untrusted)
        let none = try TLSPair(.test(clients: rule), .test(), host: "example.test")
        try none.exchange()
        #expect(none.server.isEstablished && none.server.peerCertificate == nil)
    }

    @Test(arguments: [TLSVersion.tls12, .tls13])
    func `a second connection resumes the session of the first`(version: TLSVersion) throws {
        let rule = TLSServerSettings.ClientCertificates.required(authorities: Self.authority)
        let server = try TLSContext(server: .test(clients: rule, only: version))
        let client = try TLSContext(client: .test(identity: "client"))
        for resumed in [false, true, true] {
            let pair = try TLSPair(server, client)
            try pair.exchange()
            // TLS 1.3 tickets follow the handshake: the client meets them when it reads.
            #expect(try TLSPair.readAll(pair.client).end == .wantsMore)
            #expect(pair.server.isResumed == resumed && pair.client.isResumed == resumed)
            #expect(pair.server.peerCertificate?.commonName == "client")
        }
    }

    @Test func `a session is not resumed with another host`() throws {
        let server = try TLSContext(server: .test())
        let client = try TLSContext(client: .test())
        let first = try TLSPair(server, client, host: "example.test")
        try first.exchange()
        _ = try TLSPair.readAll(first.client)
        let second = try TLSPair(server, client, host: "www.example.test")
        try second.exchange()
        #expect(!second.client.isResumed)
    }

    @Test func `a reload serves the new certificate and leaves existing connections alone`() throws {
        let files = try Files()
        try files.copy("example")
        let server = try TLSContext(server: TLSServerSettings(identities: [files.identity]))
        let client = try TLSContext(client: .test())
        let old = try TLSPair(server, client)
        try old.exchange()
        let between = try TLSPair(server, client)

        try files.copy("second")
        try server.reload()
        let new = try TLSPair(server, client)
        try new.exchange()
        try between.exchange()

        #expect(new.client.peerCertificate?.commonName == "second")
        #expect(between.client.peerCertificate?.commonName == "example")
        #expect(try old.send("still here", from: old.client, to: old.server) == "still here")
    }

    @Test func `handshakes on many threads go on while the certificate is reloaded`() async throws {
        let server = try TLSContext(server: .test())
        let client = try TLSContext(client: .test())
        try await withThrowingTaskGroup(of: Void.self) { group in
            for worker in 0..<4 {
                group.addTask {
                    for _ in 0..<25 {
                        if worker == 0 { try server.reload() }
                        let pair = try TLSPair(server, client)
                        try pair.exchange()
                        #expect(try pair.send("hello", from: pair.client, to: pair.server) == "hello")
                        _ = try TLSPair.readAll(pair.client)
                    }
                }
            }
            try await group.waitForAll()
        }
    }

    @Test func `a bad new file leaves the old certificate and says what is wrong`() throws {
        let files = try Files()
        try files.copy("example")
        let server = try TLSContext(server: TLSServerSettings(identities: [files.identity]))
        try files.copy("second", keyOf: "example")
        #expect(code { try server.reload() } == .keyMismatch)
        try files.write("-----BEGIN CERTIFICATE-----\nnonsense\n-----END CERTIFICATE-----\n")
        #expect(code { try server.reload() } == .malformed)
        try files.remove()
        #expect(code { try server.reload() } == .unreadable)
        let pair = try TLSPair(server, TLSContext(client: .test()))
        try pair.exchange()
        #expect(pair.client.peerCertificate?.commonName == "example")
    }

    @Test func `certificates may be given as bytes`() throws {
        let shared = TestCertificates.shared
        func bytes(_ name: String) throws -> PEMSource {
            .bytes(Bytes(try String(contentsOfFile: shared.path(name), encoding: .utf8)))
        }
        let identity = TLSIdentity(chain: try bytes("example.pem"), key: try bytes("example.key"))
        let client = TLSClientSettings(trust: .authorities(try bytes("ca.pem")))
        let pair = try TLSPair(TLSServerSettings(identities: [identity]), client, host: "example.test")
        try pair.exchange()
        #expect(pair.client.isEstablished)
    }

    @Test func `a key with a password is refused without asking for it`() throws {
        let shared = TestCertificates.shared
        try shared.openssl(
            "ec", "-in", shared.path("example.key"), "-aes128", "-passout", "pass:secret", "-out",
            shared.path("locked.key"))
        let identity = TLSIdentity(
            chain: .file(shared.path("example.pem")), key: .file(shared.path("locked.key")))
        #expect(code { _ = try TLSContext(server: TLSServerSettings(identities: [identity])) } == .malformed)
    }

    @Test func `a server without a certificate and an empty ALPN name are configuration errors`() {
        #expect(code { _ = try TLSContext(server: TLSServerSettings(identities: [])) } == .configuration)
        #expect(code { _ = try TLSContext(server: .test(protocols: [""])) } == .configuration)
    }

    /// A certificate and key whose content a test changes.
    private struct Files {
        let folder: URL
        var chain: URL { folder.appendingPathComponent("chain.pem") }
        var key: URL { folder.appendingPathComponent("key.pem") }
        var identity: TLSIdentity { TLSIdentity(chain: .file(chain.path), key: .file(key.path)) }

        init() throws {
            folder = TestCertificates.shared.folder.appendingPathComponent(UUID().uuidString)
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        }

        func copy(_ name: String, keyOf other: String? = nil) throws {
            let shared = TestCertificates.shared.folder
            try Data(contentsOf: shared.appendingPathComponent("\(name).pem")).write(to: chain)
            try Data(contentsOf: shared.appendingPathComponent("\(other ?? name).key")).write(to: key)
        }

        func write(_ text: String) throws { try Data(text.utf8).write(to: chain) }
        func remove() throws { try FileManager.default.removeItem(at: chain) }
    }
}
