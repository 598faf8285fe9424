import Base
import Reactor
import Testing
import Wire

@testable import HTTPServer

/// What routes may ask for beyond path and method.
@Suite struct RouteFormTests {
    private func limits(_ change: (inout ServerLimits) -> Void) -> ServerLimits {
        var limits = ServerLimits()
        change(&limits)
        return limits
    }

    @Test(
        arguments: [
            ("/bot12:x/getMe", "12:x getMe"), ("/bot/getMe", "none"), ("/robot12/getMe", "none"),
            ("/bot%31/a", "1 a"), ("/bota", "plain"), ("/both/x", "h x"), ("/bottle/x", "bottle"),
        ]) func `a part may begin with something fixed`(path: String, found: String)
    {
        let route: (String) -> Route = { Route(.get, $0, .open) { _ in Response() } }
        let router = Router([route("/bot{token}/{method}"), route("/bottle/x"), route("/bota")])
        var answer = "none"
        if case .found(let index, let parameters) = router.match(.get, Bytes(path)) {
            answer = ["\(parameters["token"]) \(parameters["method"])", "bottle", "plain"][index]
        }
        #expect(answer == found)
    }

    @Test(arguments: Transport.allCases) func `a route may be given more time than others`(
        transport: Transport
    )
        async throws
    {
        let wait: Handler = { request in
            try await request.connection.loop.sleep(for: .milliseconds(150))
            return Response("waited", type: "text/plain")
        }
        let routes = [
            Route(.get, "/patient", .open, patience: .seconds(60), handler: wait),
            Route(.get, "/usual", .open, handler: wait),
        ]
        try await TestServer.run(
            routes, limits: limits { $0.handlerTimeout = .milliseconds(30) }, over: transport
        ) { server in
            let client = try await server.connect()
            #expect(try await client.send(ClientRequest("/patient")).text == "waited")
            #expect(try await client.send(ClientRequest("/usual")).status == 503)
            await client.close()
        }
    }

    @Test func `errors are told in the form of the route`() async throws {
        let route = Route(
            .get, "/other", .open,
            errorForm: { error in
                Response(status: HTTPStatus(409), Bytes("no: \(error.code.rawValue)"), type: "text/plain")
            }
        ) { _ in throw APIError(.notFound) }
        try await TestServer.run([route]) { server in
            let client = try await server.connect()
            let answer = try await client.send(ClientRequest("/other"))
            #expect(answer.status == 409)
            #expect(answer.text == "no: NOT_FOUND")
            await client.close()
        }
    }

    @Test(
        arguments: [
            ("/bot42:secret/getMe", "/bot{token}/{method}"), ("/bot42:secret/a/b", "/bot•••"),
            ("/file/bot42:secret/x", "/bot•••"), ("/health", "/health"),
        ]) func `what could be a token is masked in what logs show`(path: String, shown: String) async throws
    {
        let group = try EventLoopGroup(count: 1)
        defer { group.shutdown() }
        let loop = group.loops[0]
        let peer = try #require(SocketAddress("127.0.0.1:1"))
        let router = Router([Route(.get, "/bot{token}/{method}", .open) { _ in Response() }])
        let responder = Responder(router: router, middleware: [], logger: .silent)
        let text = await loop.run {
            var request = Request(
                method: .get, target: Bytes(path), fields: [:], version: .http11, body: .empty,
                id: IDSource().requestID(),
                connection: ConnectionInfo(loop: loop, peer: peer, tls: nil, drain: DrainSignal()))
            _ = responder.route(&request)
            return request.shownPath
        }
        #expect(text == shown)
    }
}
