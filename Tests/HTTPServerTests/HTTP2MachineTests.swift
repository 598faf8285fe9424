import Base
import HTTPServer
import Testing
import Wire

@Suite struct HTTP2MachineTests {
    @Test func `a request comes out whole and its answer goes back`() throws {
        let link = HTTP2Link()
        var fields = HTTP2Link.get
        fields.append("accept", "text/plain")
        let id = link.client.request(fields)
        link.exchange()
        let head = try #require(link.requests.first)
        #expect(head.method == .get && head.scheme == "https" && head.authority == "a.test")
        #expect(head.path == "/x?y=1" && head.upgradeProtocol == nil && head.endsStream)
        #expect(head.fields == ["accept": "text/plain", "host": "a.test"])

        link.server.respond(id, status: 200, fields: ["content-type": "text/plain"], ends: false)
        link.server.write(id, "hello ")
        link.server.write(id, "world")
        link.server.finish(id)
        link.exchange()
        let answer = try #require(link.client.answers[id])
        #expect(answer.status == "200" && answer.fields == ["content-type": "text/plain"])
        #expect(answer.body == Array("hello world".utf8) && answer.closed == .noError)
        #expect(link.events.last == .closed(id, .noError))
        #expect(link.server.streamCount == 0)
    }

    @Test func `requests come out the same when every byte arrives alone`() {
        let (whole, split) = (HTTP2Link(), HTTP2Link())
        for link in [whole, split] {
            _ = link.client.request(HTTP2Link.get)
            _ = link.client.request(
                HTTP2Link.post, body: Array("some body".utf8), trailers: ["x-sum": "1"])
            link.exchange(piece: link === split ? 1 : .max)
        }
        #expect(whole.requests.count == 2 && whole.requests == split.requests)
        #expect(whole.body(3) == Array("some body".utf8) && split.body(3) == whole.body(3))
        #expect(split.events.contains(.end(3, trailers: ["x-sum": "1"])))
    }

    @Test func `a body that comes late is taken and its end is told`() {
        let link = HTTP2Link()
        let id = link.client.request(HTTP2Link.post, body: [1], ends: false)
        link.exchange()
        #expect(link.requests.first?.endsStream == false && link.body(id) == [1])
        link.client.send(id, [2, 3], ends: true)
        link.exchange()
        #expect(link.body(id) == [1, 2, 3])
        #expect(link.events.last == .end(id, trailers: HeaderFields()))
    }

    @Test func `an answer may have trailers, and interim answers before it`() {
        let link = HTTP2Link()
        let id = link.client.request(HTTP2Link.get)
        link.exchange()
        link.server.respondInterim(id, status: 103, fields: ["link": "</a>"])
        link.server.respond(id, status: 200, fields: [:], ends: false)
        link.exchange()
        link.server.write(id, "x")
        link.server.finish(id, trailers: ["grpc-status": "0"])
        link.exchange()
        #expect(link.client.answers[id]?.interim == ["103"])
        #expect(link.client.answers[id]?.status == "200")
        #expect(link.client.answers[id]?.body == [120])
        #expect(link.client.answers[id]?.trailers == ["grpc-status": "0"])
        #expect(link.client.answers[id]?.closed == .noError)
    }

    @Test func `an answer of nothing but a head ends the stream`() {
        let link = HTTP2Link()
        let id = link.client.request(HTTP2Link.get)
        link.exchange()
        link.server.respond(id, status: 204, fields: ["x-a": "b"], ends: true)
        link.exchange()
        #expect(link.client.answers[id]?.status == "204" && link.client.answers[id]?.closed == .noError)
    }

    @Test func `fields about the connection do not go over HTTP 2`() {
        let link = HTTP2Link()
        let id = link.client.request(HTTP2Link.get)
        link.exchange()
        link.server.respond(
            id, status: 200,
            fields: [
                "connection": "close", "keep-alive": "5", "transfer-encoding": "chunked", "upgrade": "x",
                "proxy-connection": "close", "content-length": "0",
            ], ends: true)
        link.exchange()
        #expect(link.client.answers[id]?.fields == ["content-length": "0"])
    }

    @Test func `a split cookie is one field again`() {
        let link = HTTP2Link()
        var fields = HTTP2Link.get
        fields.append("cookie", "a=1")
        fields.append("x-y", "z")
        fields.append("cookie", "b=2")
        _ = link.client.request(fields)
        link.exchange()
        #expect(link.requests.first?.fields.all("cookie") == ["a=1; b=2"])
    }

    @Test func `an extended CONNECT names its protocol and both sides stay open`() {
        let link = HTTP2Link()
        link.exchange()
        let id = link.client.request(
            [
                ":method": "CONNECT", ":protocol": "websocket", ":scheme": "https", ":path": "/ws",
                ":authority": "a.test",
            ], body: [], ends: false)
        link.exchange()
        #expect(link.requests.first?.upgradeProtocol == "websocket" && link.requests.first?.path == "/ws")
        link.server.respond(id, status: 200, fields: [:], ends: false)
        link.server.write(id, "to you")
        link.client.send(id, Array("to me".utf8), ends: false)
        link.exchange()
        #expect(link.client.answers[id]?.body == Array("to you".utf8))
        #expect(link.body(id) == Array("to me".utf8))
        #expect(link.server.streamCount == 1)
    }

    @Test func `a reset by either side closes the stream with its code`() {
        let link = HTTP2Link()
        let (one, other) = (link.client.request(HTTP2Link.get), link.client.request(HTTP2Link.get))
        link.exchange()
        link.client.reset(one)
        link.server.reset(other, .internalError)
        link.exchange()
        #expect(link.events.contains(.closed(one, .cancel)))
        #expect(link.client.answers[other]?.closed == .internalError)
        // What a handler still does to a stream that is over does no harm.
        link.server.respond(one, status: 200, fields: [:], ends: false)
        link.server.write(one, "late")
        link.server.finish(one)
        link.server.consume(one, 5)
        link.exchange()
        #expect(!link.server.isFinished)
    }

    @Test func `a body that nobody waits for is cut off when the answer is complete`() {
        let link = HTTP2Link()
        let id = link.client.request(HTTP2Link.post, body: [1, 2], ends: false)
        link.exchange()
        link.server.respond(id, status: 401, fields: [:], ends: true)
        link.exchange()
        #expect(link.client.answers[id]?.status == "401" && link.client.answers[id]?.closed == .noError)
        #expect(link.server.streamCount == 0)
    }

    @Test func `a shutdown lets open requests finish and takes no new ones`() {
        let link = HTTP2Link()
        let first = link.client.request(HTTP2Link.get)
        link.exchange()
        link.server.beginShutdown()
        link.exchange()
        #expect(link.client.goaways == [.noError] && !link.server.isFinished)
        link.server.finishShutdown()
        link.exchange()
        #expect(link.client.goaways.count == 2 && !link.server.isFinished)
        link.server.respond(first, status: 200, fields: [:], ends: true)
        link.exchange()
        #expect(link.client.answers[first]?.closed == .noError)
        #expect(link.server.isFinished)
    }

    @Test func `a ping of ours comes back`() {
        let link = HTTP2Link()
        link.server.ping(0x0102_0304_0506_0708)
        link.exchange()
        #expect(link.events == [.pong(0x0102_0304_0506_0708)])
    }

    @Test func `a connection that is cut off closes every stream`() {
        let link = HTTP2Link()
        let id = link.client.request(HTTP2Link.get)
        link.exchange()
        link.server.terminate(.enhanceYourCalm, reason: "too slow")
        link.exchange()
        #expect(
            link.events.suffix(2) == [
                .closed(id, .enhanceYourCalm), .failed(.enhanceYourCalm, reason: "too slow"),
            ])
        #expect(link.client.goaways == [.enhanceYourCalm] && link.server.isFinished && !link.server.hasOutput)
    }
}
