import Base
import Reactor
import Testing
import Wire

@testable import HTTPServer

@Suite struct CompressionTests {
    private static let text = Bytes(String(repeating: "{\"nothing\":\"is lost\"},", count: 200))

    /// What a client gets of an answer.
    private func pass(_ response: Response, _ fields: HeaderFields = ["accept-encoding": "gzip"]) async throws
        -> Response
    {
        let group = try EventLoopGroup(count: 1)
        defer { group.shutdown() }
        let peer = try #require(SocketAddress("127.0.0.1:1"))
        let loop = group.loops[0]
        let request = await loop.run {
            Request(
                method: .get, target: "/", fields: fields, version: .http11, body: .empty,
                id: IDSource().requestID(),
                connection: ConnectionInfo(loop: loop, peer: peer, tls: nil, drain: DrainSignal()))
        }
        return await Compression.apply(to: response, for: request)
    }

    private func bytes(_ response: Response) -> Bytes {
        if case .bytes(let bytes) = response.body { bytes } else { Bytes() }
    }

    @Test(arguments: [
        "application/json", "text/html; charset=utf-8", "text/css", "TEXT/JavaScript", "image/svg+xml",
        "application/xml", "application/problem+json ; x=1",
    ])
    func `text goes as gzip`(type: String) async throws {
        let answer = try await pass(Response(fields: ["content-type": type], body: .bytes(Self.text)))
        #expect(answer.fields["content-encoding"] == "gzip")
        #expect(answer.fields["vary"] == "accept-encoding")
        #expect(bytes(answer).count < Self.text.count / 10)
        #expect(try gunzip(bytes(answer), bytesMax: 1 << 20) == Self.text)
    }

    @Test(arguments: ["image/png", "application/octet-stream", "text/event-stream"])
    func `what is no text goes as it is`(type: String) async throws {
        let answer = try await pass(Response(fields: ["content-type": type], body: .bytes(Self.text)))
        #expect(bytes(answer) == Self.text)
        #expect(answer.fields["vary"] == nil)
    }

    @Test(arguments: [nil, "identity", "gzip;q=0", "br", "gzip;q=0.1, identity;q=1"])
    func `a client that does not want gzip hears that others may`(accept: String?) async throws {
        let fields: HeaderFields = accept.map { ["accept-encoding": $0] } ?? [:]
        let answer = try await pass(.json(Self.text), fields)
        #expect(bytes(answer) == Self.text)
        #expect(answer.fields["content-encoding"] == nil)
        #expect(answer.fields["vary"] == "accept-encoding")
    }

    @Test func `small answers go as they are`() async throws {
        let small = Bytes(String(repeating: "x", count: 2047))
        let answer = try await pass(.json(small))
        #expect(bytes(answer) == small)
        #expect(answer.fields["content-encoding"] == nil)
    }

    @Test func `a large answer comes through whole`() async throws {
        let large = Bytes((0..<200_000).map { "\($0 &* 2_654_435_761)," }.joined())
        #expect(large.count > Compression.fullEffortMax)
        let answer = try await pass(.json(large))
        #expect(try gunzip(bytes(answer), bytesMax: 1 << 24) == large)
    }

    @Test(arguments: [
        ("content-encoding", "br"), ("cache-control", "private, no-transform"),
    ])
    func `what must not be changed is not`(name: String, value: String) async throws {
        let answer = try await pass(
            Response(fields: ["content-type": "text/plain", name: value], body: .bytes(Self.text)))
        #expect(bytes(answer) == Self.text)
        #expect(answer.fields["vary"] == nil)
    }

    @Test func `a range goes as it is`() async throws {
        let part = Response(
            status: .partialContent, fields: ["content-type": "text/plain"], body: .bytes(Self.text))
        #expect(bytes(try await pass(part)) == Self.text)
    }

    @Test func `a strong tag becomes weak, a weak one stays`() async throws {
        for tag in ["\"abc\"", "W/\"abc\""] {
            let response = Response(
                fields: ["etag": tag, "content-type": "text/plain"], body: .bytes(Self.text))
            let answer = try await pass(response)
            #expect(answer.fields.all("etag") == ["W/\"abc\""])
            #expect(try await pass(response, [:]).fields["etag"] == tag)
        }
    }

    @Test func `a 304 has the tag that the answer would have`() async throws {
        let response = Response(status: .notModified, fields: ["etag": "\"abc\""])
        #expect(try await pass(response).fields["etag"] == "W/\"abc\"")
        #expect(try await pass(response, [:]).fields["etag"] == "\"abc\"")
    }

    @Test func `a 304 of something that chooses its form by itself stays as it is`() async throws {
        let response = Response(status: .notModified, fields: ["etag": "\"abc\"", "vary": "accept-encoding"])
        #expect(try await pass(response).fields["etag"] == "\"abc\"")
    }

    @Test func `what the answer varies by already is kept`() async throws {
        let fields: HeaderFields = ["content-type": "text/plain", "vary": "accept"]
        let answer = try await pass(Response(fields: fields, body: .bytes(Self.text)))
        #expect(answer.fields.all("vary") == ["accept", "accept-encoding"])
    }

    @Test func `streams and answers without a body go as they are`() async throws {
        let stream = try await pass(.stream(fields: ["content-type": "text/plain"]) { _ in })
        #expect(stream.fields["content-encoding"] == nil)
        #expect(try await pass(Response(status: .noContent)).fields.isEmpty)
    }
}
