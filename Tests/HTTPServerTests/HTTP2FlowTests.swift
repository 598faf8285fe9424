import Base
import HTTPServer
import Testing
import Wire

@Suite struct HTTP2FlowTests {
    @Test func `a peer sends no more of a body than is consumed`() {
        var limits = HTTP2Limits()
        limits.streamWindow = 65_535
        let link = HTTP2Link(limits: limits)
        let data = (0..<200_000).map { UInt8(truncatingIfNeeded: $0 &* 7) }
        link.exchange()
        let id = link.client.request(HTTP2Link.post, body: data)
        link.exchange()
        #expect(link.body(id).count == 65_535)
        link.server.consume(id, 50_000)
        link.exchange()
        #expect(link.body(id).count == 115_535)
        while link.body(id).count < data.count {
            link.server.consume(id, 50_000)
            link.exchange()
        }
        #expect(link.body(id) == data)
        #expect(link.events.last == .end(id, trailers: HeaderFields()))
    }

    @Test func `what a stream leaves unconsumed is given back to the connection`() {
        var limits = HTTP2Limits()
        limits.streamWindow = 100_000
        limits.connectionWindow = 100_000
        let link = HTTP2Link(limits: limits)
        link.exchange()
        for _ in 0..<5 {
            let id = link.client.request(HTTP2Link.post, body: [UInt8](repeating: 1, count: 100_000))
            link.exchange()
            #expect(link.body(id).count == 100_000)
            link.server.respond(id, status: 200, fields: [:], ends: true)
            link.exchange()
        }
    }

    @Test func `a body that is dropped costs no window`() {
        let link = HTTP2Link()
        let id = link.client.request(HTTP2Link.post, body: [UInt8](repeating: 1, count: 3_000_000))
        link.exchange()
        link.server.dropBody(id)
        let before = link.body(id).count
        link.exchange()
        #expect(link.body(id).count == before)
        link.server.respond(id, status: 200, fields: [:], ends: true)
        link.exchange()
        #expect(link.client.answers[id]?.closed == .noError)
    }

    @Test func `a long answer waits for the peer's window and tells when it is drained`() {
        let link = HTTP2Link(client: HTTP2TestClient(window: 65_535, isReading: false))
        let id = link.client.request(HTTP2Link.get)
        link.exchange()
        link.server.respond(id, status: 200, fields: [:], ends: false)
        let body = (0..<100_000).map { UInt8(truncatingIfNeeded: $0 &* 13) }
        link.server.write(id, Bytes(body))
        link.exchange()
        #expect(link.client.answers[id]?.body.count == 65_535)
        #expect(link.server.queuedCount(id) == 100_000 - 65_535)
        #expect(!link.events.contains(.drained(id)))
        link.client.read(id, 65_535)
        link.exchange()
        #expect(link.server.queuedCount(id) == 0 && link.events.contains(.drained(id)))
        link.server.finish(id)
        link.exchange()
        #expect(link.client.answers[id]?.body == body && link.client.answers[id]?.closed == .noError)
    }

    @Test func `output stops near its bound and loses nothing`() {
        let link = HTTP2Link()
        let id = link.client.request(HTTP2Link.get)
        link.exchange()
        link.server.respond(id, status: 200, fields: [:], ends: false)
        link.server.write(id, Bytes([UInt8](repeating: 5, count: 500_000)))
        link.server.finish(id)
        var largest = 0
        while link.server.hasOutput {
            var output: [UInt8] = []
            link.server.takeOutput(appendingTo: &output, countMax: 40_000)
            largest = max(largest, output.count)
            guard !output.isEmpty else { break }
            #expect(link.client.receive(output))
        }
        #expect(largest >= 40_000 && largest <= 40_000 + 16384 + 9)
        link.exchange()
        #expect(link.client.answers[id]?.body.count == 500_000)
    }

    @Test func `a live stream gets its turn beside a long answer`() {
        let link = HTTP2Link()
        let (long, live) = (link.client.request(HTTP2Link.get), link.client.request(HTTP2Link.get))
        link.exchange()
        for id in [long, live] { link.server.respond(id, status: 200, fields: [:], ends: false) }
        link.server.write(long, Bytes([UInt8](repeating: 5, count: 500_000)))
        var output: [UInt8] = []
        link.server.takeOutput(appendingTo: &output, countMax: 1)
        link.server.write(live, "news")
        link.server.takeOutput(appendingTo: &output, countMax: 40_000)
        // Less than the whole connection's window, which the long answer alone would fill.
        _ = link.client.receive(output)
        #expect(link.client.answers[live]?.body == Array("news".utf8))
    }

    @Test func `many streams at once each get their own body`() {
        let link = HTTP2Link()
        link.exchange()
        let ids = (0..<100).map { number in
            link.client.request(HTTP2Link.post, body: [UInt8](repeating: UInt8(number), count: 3000))
        }
        link.exchange(piece: 777)
        for id in ids {
            link.server.respond(id, status: 200, fields: [:], ends: false)
            link.server.write(id, Bytes(link.body(id)))
            link.server.finish(id)
        }
        link.exchange()
        for (number, id) in ids.enumerated() {
            #expect(link.client.answers[id]?.body == [UInt8](repeating: UInt8(number), count: 3000))
        }
    }
}
