import Base
import Reactor
import Testing
import Wire

@testable import HTTPServer

@Suite struct TrustedProxyTests {
    /// A request over a connection from `peer`, with these forwarding fields.
    private func request(
        from peer: String, trusting ranges: [String], forwardedFor: [String] = [], proto: String? = nil
    ) async throws -> Request {
        let group = try EventLoopGroup(count: 1)
        defer { group.shutdown() }
        var fields = HeaderFields()
        for value in forwardedFor { fields.append("x-forwarded-for", value) }
        if let proto { fields.append("x-forwarded-proto", proto) }
        let proxies = TrustedProxies(try ranges.map { try #require(AddressRange($0)) })
        let (loop, head) = (group.loops[0], fields)
        let other = try #require(SocketAddress(peer))
        return await loop.run {
            Request(
                method: .get, target: "/", fields: head, version: .http11, body: .empty,
                id: IDSource().requestID(),
                connection: ConnectionInfo(
                    loop: loop, peer: other, tls: nil, drain: DrainSignal(), proxies: proxies))
        }
    }

    @Test func `nobody is believed who is not trusted`() async throws {
        let bare = try await request(
            from: "198.51.100.7:1", trusting: [], forwardedFor: ["203.0.113.9"], proto: "https")
        #expect(bare.client.host == "198.51.100.7")
        #expect(!bare.isSecure)
        let stranger = try await request(
            from: "198.51.100.7:1", trusting: ["10.0.0.0/8"], forwardedFor: ["203.0.113.9"], proto: "https")
        #expect(stranger.client.host == "198.51.100.7")
        #expect(!stranger.isSecure)
    }

    @Test(arguments: [
        (["203.0.113.9"], "203.0.113.9"),
        // What the client wrote itself stands first.
        (["1.2.3.4, 203.0.113.9"], "203.0.113.9"),
        (["1.2.3.4", "203.0.113.9"], "203.0.113.9"),
        // A second proxy of ours, and one that adds ports.
        (["203.0.113.9, 10.2.2.2"], "203.0.113.9"),
        (["203.0.113.9:5544,10.2.2.2:80"], "203.0.113.9"),
        (["2001:db8::5"], "2001:db8::5"), (["[2001:db8::5]:443"], "2001:db8::5"),
        (["203.0.113.9 "], "203.0.113.9"), (["\t203.0.113.9"], "203.0.113.9"),
        // Where there is none but ours, the first of them.
        (["10.9.9.9, 10.2.2.2"], "10.9.9.9"), ([], "10.1.1.1"),
        // What is no address is not gone beyond.
        (["203.0.113.9, unknown"], "10.1.1.1"), (["203.0.113.9, 10.2.2.2, _hidden"], "10.1.1.1"),
        (["203.0.113.9, unix:/x, 10.2.2.2"], "10.2.2.2"), ([", ,"], "10.1.1.1"),
        (["localhost:1"], "10.1.1.1"),
        ([String(repeating: "9", count: 5000)], "10.1.1.1"),
    ])
    func `a trusted proxy says for whom it asks`(fields: [String], client: String) async throws {
        let request = try await request(
            from: "10.1.1.1:50000", trusting: ["10.0.0.0/8"], forwardedFor: fields)
        #expect(request.client.host == client)
    }

    @Test func `a trusted proxy says whether its client came encrypted`() async throws {
        #expect(try await request(from: "10.1.1.1:1", trusting: ["10.1.1.1"], proto: "https").isSecure)
        #expect(try await request(from: "10.1.1.1:1", trusting: ["10.1.1.1"], proto: "HTTPS").isSecure)
        #expect(try await !request(from: "10.1.1.1:1", trusting: ["10.1.1.1"], proto: "http").isSecure)
        #expect(try await !request(from: "10.1.1.1:1", trusting: ["10.1.1.1"]).isSecure)
    }

    @Test func `a proxy over a Unix socket is trusted where any is`() async throws {
        let fields = ["203.0.113.9"]
        #expect(
            try await request(from: "unix:/run/x", trusting: ["127.0.0.1"], forwardedFor: fields).client.host
                == "203.0.113.9")
        #expect(
            try await request(from: "unix:/run/x", trusting: [], forwardedFor: fields).client.host == "unix")
    }
}
