import Base
import Foundation
@testable import HTTPServer
import Reactor
import Testing
import Wire

/// What every client gets, whatever version of HTTP it speaks.
@Suite(.timeLimit(.minutes(10))) struct ServerRequestTests {
    private func ask(
        _ transport: Transport, _ request: ClientRequest, limits: ServerLimits = ServerLimits(),
        _ look: @Sendable (ClientAnswer) -> Void
    ) async throws {
        try await TestServer.run(TestRoutes.all, limits: limits, over: transport) { server in
            let client = try await server.connect()
            look(try await client.send(request))
            await client.close()
        }
    }

    @Test(arguments: Transport.allCases) func `a request is answered`(transport: Transport) async throws {
        try await ask(transport, ClientRequest("/")) { answer in
            #expect(answer.status == 200)
            #expect(answer.text == #"{"hello":"world"}"#)
            #expect(answer["content-type"] == "application/json")
            #expect(answer["content-length"] == "17")
            #expect(answer["x-request-id"]?.isEmpty == false)
            #expect(answer["date"]?.hasSuffix(" GMT") == true)
        }
    }

    @Test(arguments: Transport.allCases) func `one connection serves many requests`(transport: Transport)
        async throws
    {
        try await TestServer.run(TestRoutes.all, over: transport) { server in
            let client = try await server.connect()
            var ids: Set<String> = []
            for index in 0..<50 {
                let answer = try await client.send(ClientRequest("/users/\(index)"))
                #expect(answer.text == "\(index)")
                ids.insert(answer["x-request-id"] ?? "")
            }
            #expect(ids.count == 50)
            #expect(server.server.connectionCount == 1)
            await client.close()
        }
    }

    @Test(arguments: Transport.allCases) func `HEAD is answered like GET, without the body`(
        transport: Transport
    ) async throws {
        try await TestServer.run(TestRoutes.all, over: transport) { server in
            let client = try await server.connect()
            let head = try await client.send(ClientRequest("HEAD", "/"))
            #expect(head.status == 200)
            #expect(head["content-length"] == "17")
            #expect(head.body.isEmpty)
            let stream = try await client.send(ClientRequest("HEAD", "/parts/3"))
            #expect(stream.status == 200 && stream.body.isEmpty)
            #expect(try await client.send(ClientRequest("/")).body.count == 17)
            await client.close()
        }
    }

    @Test(arguments: Transport.allCases, ["/empty", "/unchanged"]) func `an answer that has no body has none`(
        transport: Transport, target: String
    ) async throws {
        try await TestServer.run(TestRoutes.all, over: transport) { server in
            let client = try await server.connect()
            let answer = try await client.send(ClientRequest(target))
            #expect([204, 304].contains(answer.status))
            #expect(answer["content-length"] == nil && answer["transfer-encoding"] == nil)
            #expect(try await client.send(ClientRequest("/")).body.count == 17)
            await client.close()
        }
    }

    @Test(arguments: Transport.allCases) func `what is not there is not found, in the envelope`(
        transport: Transport
    ) async throws {
        try await ask(transport, ClientRequest("/nowhere")) { answer in
            #expect(answer.status == 404)
            #expect(answer.errorCode == "NOT_FOUND")
            #expect(answer["content-type"] == "application/json")
        }
    }

    @Test(arguments: Transport.allCases) func `a wrong method is told which ones are right`(
        transport: Transport
    ) async throws {
        try await ask(transport, ClientRequest("POST", "/names/x", body: ["a"])) { answer in
            #expect(answer.status == 405)
            #expect(answer.errorCode == "METHOD_NOT_ALLOWED")
            #expect(answer["allow"]?.contains("GET, DELETE, HEAD") == true)
        }
    }

    @Test(arguments: Transport.allCases) func `OPTIONS tells the methods`(transport: Transport) async throws {
        try await ask(transport, ClientRequest("OPTIONS", "/names/x")) { answer in
            #expect(answer.status == 204)
            #expect(answer["allow"]?.contains("GET, DELETE, HEAD") == true)
        }
    }

    @Test(
        arguments: Transport.allCases,
        [
            ("/names/a%20b", "a b"), ("/names/%C3%A9", "é"), ("/names/a+b", "a+b"), ("/names/a%2Fb", "a/b"),
            ("/files/a/b%20c/d", "a/b c/d"), ("/query?q=a+b%26c&q=d", "a b&c"), ("/query?p=1", "nothing"),
            ("/query?q", ""), ("/users/-7", "-7"),
        ]) func `paths and queries are decoded`(transport: Transport, pair: (String, String)) async throws
    {
        try await ask(transport, ClientRequest(pair.0)) { answer in
            #expect(answer.status == 200, "\(pair.0)")
            #expect(answer.text == pair.1, "\(pair.0)")
        }
    }

    @Test(
        arguments: Transport.allCases,
        [
            ("/names/%zz", 400), ("/names/%", 400), ("/names/%4", 400), ("/names/%00", 400),
            ("/names/%ff", 400),
            ("/files/../secret", 400), ("/files/%2e%2e/secret", 400), ("/files/%2E./secret", 400),
            ("/./", 400),
            ("/files/..%2fsecret", 404), ("/files/a%2f..%2f..%2fsecret", 404), ("/files//etc/passwd", 404),
            ("//", 404), ("/names//", 404), ("/names/x/", 404), ("/users/x", 404),
            ("/users/99999999999999999999", 404),
            ("/users/+7", 404), ("/users/7.0", 404), ("/names/", 404),
        ]) func `paths that mean mischief lead nowhere`(transport: Transport, pair: (String, Int))
        async throws
    {
        try await ask(transport, ClientRequest(pair.0)) { answer in
            #expect(answer.status == pair.1, "\(pair.0)")
        }
    }

    @Test(arguments: Transport.allCases) func `a body comes back`(transport: Transport) async throws {
        try await TestServer.run(TestRoutes.all, over: transport) { server in
            let client = try await server.connect()
            for size in [0, 1, 1000, 70_000, 3_000_000] {
                let body = Bytes((0..<size).map { UInt8(truncatingIfNeeded: $0 &* 31) })
                let whole = try await client.send(ClientRequest("POST", "/echo", body: [body]))
                #expect(whole.body == body.array, "\(size)")
                let half = size / 2
                let parts = try await client.send(
                    ClientRequest("POST", "/echo", body: [body[0..<half], body[half..<size]]))
                #expect(parts.body == body.array, "\(size) in parts")
            }
            await client.close()
        }
    }

    @Test(arguments: Transport.allCases) func `a body that nobody reads does not disturb what follows`(
        transport: Transport
    ) async throws {
        try await TestServer.run(TestRoutes.all, over: transport) { server in
            let client = try await server.connect()
            for _ in 0..<3 {
                let body = Bytes([UInt8](repeating: 1, count: 40_000))
                let answer = try await client.send(ClientRequest("POST", "/ignore", body: [body]))
                #expect(answer.text == "ignored")
                #expect(answer["connection"] == nil)
            }
            await client.close()
        }
    }

    @Test(arguments: Transport.allCases) func `a body is answered while it is still coming`(
        transport: Transport
    ) async throws {
        try await TestServer.run(TestRoutes.all, over: transport) { server in
            let client = try await server.connect()
            try await client.begin(ClientRequest("POST", "/stream", body: ["", ""]))
            var answer: ClientAnswer?
            for index in 0..<5 {
                try await client.sendPart(Bytes("part \(index)"))
                if answer == nil { answer = try await client.answerHead() }
                let part = try await client.answerPart()
                #expect(part == Array("part \(index)".utf8))
            }
            try await client.endBody([])
            let end = try await client.answerPart()
            #expect(end == nil)
            #expect(await client.answerTrailers() == ["x-end": ["yes"]])
            await client.close()
        }
    }

    @Test(arguments: Transport.allCases) func `trailers of a request arrive, in whole or in pieces`(
        transport: Transport
    ) async throws {
        try await TestServer.run(TestRoutes.all, over: transport) { server in
            let client = try await server.connect()
            let request = ClientRequest("POST", "/trailers", body: ["a", "b"], trailers: [("X-Sum", "42")])
            #expect(try await client.send(request).text == "42")
            try await client.begin(request)
            try await client.sendPart("a")
            await Task.yield()
            try await client.endBody(request.trailers)
            #expect(try await client.answer().text == "42")
            #expect(try await client.send(ClientRequest("POST", "/trailers", body: ["a"])).text == "none")
            await client.close()
        }
    }

    @Test(arguments: Transport.allCases) func `a streamed answer arrives in order`(transport: Transport)
        async throws
    {
        try await ask(transport, ClientRequest("/parts/200")) { answer in
            #expect(answer.text == (0..<200).map { "part \($0);" }.joined())
        }
    }

    @Test(arguments: Transport.allCases) func `a streamed answer of a length announces it`(
        transport: Transport
    ) async throws {
        try await ask(transport, ClientRequest("/announced")) { answer in
            #expect(answer["content-length"] == "10")
            #expect(answer.text == "0123456789")
        }
    }

    @Test(arguments: Transport.allCases) func `a large answer arrives whole`(transport: Transport)
        async throws
    {
        try await TestServer.run(TestRoutes.all, over: transport) { server in
            let client = try await server.connect()
            try await client.begin(ClientRequest("/large/200000000"))
            _ = try await client.answerHead()
            var count = 0
            while let part = try await client.answerPart() { count += part.count }
            #expect(count == 200_000_000)
            await client.close()
        }
    }

    @Test(arguments: Transport.allCases) func `an error of the API carries its code, details and fields`(
        transport: Transport
    ) async throws {
        try await ask(transport, ClientRequest("/throws/api")) { answer in
            #expect(answer.status == 409)
            #expect(answer.errorCode == "CONFLICT")
            #expect(answer["retry-after"] == "3")
            #expect(answer.text.contains(#""details":{"id":7}"#))
        }
    }

    @Test(arguments: Transport.allCases) func `an unforeseen error says nothing about the inside`(
        transport: Transport
    ) async throws {
        try await ask(transport, ClientRequest("/throws/other")) { answer in
            #expect(answer.status == 500)
            #expect(answer.errorCode == "INTERNAL")
            #expect(!answer.text.contains("hunter2") && !answer.text.contains("Secretive"))
        }
    }

    @Test(arguments: Transport.allCases, ["/breaks", "/short"]) func `an answer that breaks off is seen to`(
        transport: Transport, target: String
    ) async throws {
        try await TestServer.run(TestRoutes.all, over: transport) { server in
            let client = try await server.connect()
            await #expect(throws: (any Error).self) { try await client.send(ClientRequest(target)) }
            await client.close()
            let other = try await server.connect()
            #expect(try await other.send(ClientRequest("/")).status == 200)
            await other.close()
        }
    }

    @Test(arguments: Transport.allCases) func `a handler stays on the loop of its connection`(
        transport: Transport
    ) async throws {
        try await ask(transport, ClientRequest("/loop")) { #expect($0.text == "true true") }
    }

    @Test(arguments: Transport.allCases) func `a field from outside makes no other`(transport: Transport)
        async throws
    {
        try await ask(transport, ClientRequest("/evil")) { answer in
            #expect(answer["set-cookie"] == nil)
            #expect(answer["location"] == "/x  set-cookie: a=b")
        }
    }

    @Test(arguments: Transport.allCases) func `a body that is announced too large is refused at once`(
        transport: Transport
    ) async throws {
        var limits = ServerLimits()
        limits.bodyMax = 1000
        try await TestServer.run(TestRoutes.all, limits: limits, over: transport) { server in
            let client = try await server.connect()
            let fits = try await client.send(
                ClientRequest("POST", "/echo", body: [Bytes([UInt8](repeating: 1, count: 1000))]))
            #expect(fits.status == 200)
            try await client.begin(
                ClientRequest("POST", "/echo", body: [Bytes([UInt8](repeating: 1, count: 1001))]))
            let refused = try await client.answer()
            #expect(refused.status == 413)
            #expect(refused.errorCode == "PAYLOAD_TOO_LARGE")
            await client.close()
        }
    }

    @Test(arguments: Transport.allCases, [1, 10, 100])
    func `a body that becomes too large is refused when it does`(
        transport: Transport, parts: Int
    ) async throws {
        var limits = ServerLimits()
        limits.bodyMax = 1000
        let body = (0...parts).map { _ in Bytes([UInt8](repeating: 1, count: 1100 / parts)) }
        try await ask(transport, ClientRequest("POST", "/echo", body: body), limits: limits) { answer in
            #expect(answer.status == 413)
            #expect(answer.errorCode == "PAYLOAD_TOO_LARGE")
        }
    }

    @Test(arguments: Transport.allCases) func `middleware stands before and behind every handler`(
        transport: Transport
    ) async throws {
        let outer: Middleware = { request, next in
            var answer = try await next(request)
            answer.fields.append("x-order", "outer")
            return answer
        }
        let inner: Middleware = { request, next in
            guard request.fields["x-echo"] != "stop" else { throw APIError(.forbidden) }
            var answer = try await next(request)
            answer.fields.append("x-order", "inner")
            return answer
        }
        try await TestServer.run(TestRoutes.all, middleware: [outer, inner], over: transport) { server in
            let client = try await server.connect()
            #expect(try await client.send(ClientRequest("/")).fields["x-order"] == ["inner", "outer"])
            let refused = try await client.send(ClientRequest("/", fields: [("x-echo", "stop")]))
            #expect(refused.status == 403)
            await client.close()
        }
    }
}
