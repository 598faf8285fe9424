import Base
import Glibc
import HTTPClient
import Synchronization
import Testing
import Wire

@Suite struct HTTPClientProxyTests {
    private func proxied(
        _ kind: HTTPProxy.Kind, _ proxy: TestServer, _ url: String, password: String? = "pa:ss wörd"
    ) -> HTTPClientRequest {
        proxied(kind, port: proxy.port, url, password: password)
    }

    private func proxied(
        _ kind: HTTPProxy.Kind, port: UInt16, _ url: String, password: String? = "pa:ss wörd"
    ) -> HTTPClientRequest {
        var request = HTTPClientRequest(.get, url)
        request.proxy = HTTPProxy(
            kind, host: "127.0.0.1", port: port, username: password == nil ? nil : "me",
            password: password.map { Secret($0) })
        return request
    }

    @Test func `an HTTP proxy gets the whole URL and the credentials, the server neither`() async throws {
        try await withServer(answer: { connection, request in
            connection.answer(200, request.line + "|" + (request.field("proxy-authorization") ?? "none"))
        }) { proxy, client in
            let request = proxied(.http, proxy, "http://example.test:81/a")
            let response = try await client.send(request)
            let credentials = Base64.standard.encode("me:pa:ss wörd")
            #expect(response.body == Bytes("GET http://example.test:81/a HTTP/1.1|Basic \(credentials)"))
        }
    }

    @Test func `a SOCKS5 proxy with a password is gone through`() async throws {
        let target = try TestServer { while $0.request() != nil { $0.answer(200, "inside") } }
        defer { target.stop() }
        let log = Mutex<[String]>([])
        try await withServer(serve: { connection in
            socks(connection, user: "me:pa:ss wörd") { destination in log.withLock { $0.append(destination) }
            }
        }) { proxy, client in
            let response = try await client.send(proxied(.socks5, proxy, "http://localhost:\(target.port)/"))
            #expect(response.body == "inside")
            #expect(log.withLock { $0 } == ["127.0.0.1:\(target.port)"])
        }
    }

    @Test func `a SOCKS5 proxy that resolves gets the name`() async throws {
        let target = try TestServer { while $0.request() != nil { $0.answer(200, "inside") } }
        defer { target.stop() }
        let log = Mutex<[String]>([])
        try await withServer(serve: { connection in
            socks(connection, user: nil) { destination in log.withLock { $0.append(destination) } }
        }) { proxy, client in
            let request = proxied(.socks5h, proxy, "http://far.invalid:\(target.port)/", password: nil)
            let response = try await client.send(request)
            #expect(response.body == "inside")
            #expect(log.withLock { $0 } == ["far.invalid:\(target.port)"])
        }
    }

    @Test(arguments: [HTTPProxy.Kind.http, .socks5, .socks5h])
    func `a proxy that nobody listens at is a proxy error that sent nothing`(kind: HTTPProxy.Kind)
        async throws
    {
        let proxy = try LoopbackListener(isListening: false)
        defer { proxy.close() }
        try await withClient { client in
            let error = await sendFailure(client, proxied(kind, port: proxy.port, "http://127.0.0.1:1/"))
            #expect(error?.code == .proxy)
            #expect(error?.mayHaveBeenSent == false)
            #expect(error?.description.contains("wörd") == false)
        }
    }

    @Test func `a refused password is a proxy error without the password`() async throws {
        try await withServer(serve: { socks($0, user: "me:other") { _ in } }) { proxy, client in
            let error = await sendFailure(client, proxied(.socks5h, proxy, "http://far.invalid/"))
            #expect(error?.code == .proxy)
            #expect(error?.mayHaveBeenSent == false)
            #expect(error?.description.contains("wörd") == false)
        }
    }

    @Test func `a refused tunnel is a proxy error`() async throws {
        try await withServer(answer: { connection, _ in connection.answer(407, "no") }) { proxy, client in
            let error = await sendFailure(client, proxied(.http, proxy, "https://127.0.0.1:1/"))
            #expect(error?.code == .proxy)
            #expect(error?.mayHaveBeenSent == false)
        }
    }

    @Test(arguments: ["", "a b", "user@host", "host/path", "a\r\nb"])
    func `what is no host is a bad request`(host: String) async throws {
        try await withClient { client in
            var request = HTTPClientRequest(.get, "http://127.0.0.1:1/")
            request.proxy = HTTPProxy(.http, host: host, port: 80)
            #expect(await sendFailure(client, request)?.code == .badRequest)
        }
    }

    @Test func `requests through different proxies do not share connections`() async throws {
        let second = try TestServer { while $0.request() != nil { $0.answer(200, "second") } }
        defer { second.stop() }
        try await withServer(answer: { connection, _ in connection.answer(200, "first") }) { proxy, client in
            var bodies: [Bytes] = []
            for server in [proxy, second, proxy] {
                bodies.append(try await client.send(proxied(.http, server, "http://example.test/")).body)
            }
            #expect(bodies == ["first", "second", "first"])
            #expect(proxy.connections == 1 && second.connections == 1)
        }
    }
}

/// Plays a SOCKS5 proxy (RFC 1928, 1929); names are all taken for 127.0.0.1.
private func socks(_ connection: TestConnection, user: String?, _ log: (String) -> Void) {
    guard let greeting = connection.read(2), let methods = connection.read(Int(greeting[1])) else { return }
    if let user {
        guard methods.contains(2) else { return _ = connection.send([5, 0xFF]) }
        connection.send([5, 2])
        guard let start = connection.read(2), let name = connection.read(Int(start[1])),
            let length = connection.read(1), let password = connection.read(Int(length[0]))
        else { return }
        let given = String(decoding: name, as: UTF8.self) + ":" + String(decoding: password, as: UTF8.self)
        connection.send([1, given == user ? 0 : 1])
        guard given == user else { return }
    } else {
        connection.send([5, 0])
    }
    guard let head = connection.read(4) else { return }
    var host = ""
    switch head[3] {
    case 1: host = (connection.read(4) ?? []).map(String.init).joined(separator: ".")
    case 3:
        guard let length = connection.read(1), let name = connection.read(Int(length[0])) else { return }
        host = String(decoding: name, as: UTF8.self)
    default: return
    }
    guard let port = connection.read(2) else { return }
    let number = UInt16(port[0]) << 8 | UInt16(port[1])
    log("\(host):\(number)")
    guard let target = TestConnection.connect(number) else {
        return _ = connection.send([5, 5, 0, 1, 0, 0, 0, 0, 0, 0])
    }
    connection.send([5, 0, 0, 1, 127, 0, 0, 1, 0, 0])
    connection.relay(target)
}
