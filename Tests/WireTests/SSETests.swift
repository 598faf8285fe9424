import Base
import Testing
import Wire

@Suite struct SSETests {
    private func encoded(_ event: ServerSentEvent) -> String {
        var output: [UInt8] = []
        event.encode(onto: &output)
        return String(decoding: output, as: UTF8.self)
    }

    private func decoded(_ stream: Bytes, cutEvery size: Int = .max) throws -> [ServerSentEvent] {
        var decoder = SSEDecoder()
        var events: [ServerSentEvent] = []
        var start = 0
        while start < stream.count {
            let count = min(size, stream.count - start)
            try decoder.decode(stream.part(start, count)) { events.append($0) }
            start += count
        }
        return events
    }

    @Test func `all fields are written, the data last`() {
        let event = ServerSentEvent(name: "update", id: "17", data: "{}", retry: .seconds(3))
        #expect(encoded(event) == "event: update\nid: 17\nretry: 3000\ndata: {}\n\n")
    }

    @Test(arguments: [
        ("", "data: \n\n"), ("a", "data: a\n\n"), ("a\nb", "data: a\ndata: b\n\n"),
        ("a\r\nb", "data: a\ndata: b\n\n"), ("a\rb", "data: a\ndata: b\n\n"),
        ("a\n\nb\n", "data: a\ndata: \ndata: b\ndata: \n\n"),
        ("x\n\nevent: admin\ndata: y", "data: x\ndata: \ndata: event: admin\ndata: data: y\n\n"),
    ])
    func `each line of the data gets its own field`(data: String, wire: String) {
        #expect(encoded(ServerSentEvent(data: Bytes(data))) == wire)
    }

    @Test func `a line break in name or id starts no field`() {
        let event = ServerSentEvent(name: "a\ndata: evil\r\n\r\n", id: "1\n\n2\0", data: "x")
        #expect(encoded(event) == "event: adata: evil\nid: 12\ndata: x\n\n")
    }

    @Test func `a comment with line breaks stays a comment`() {
        var output: [UInt8] = []
        ServerSentEvent.encodeComment("a\ndata: b", onto: &output)
        #expect(String(decoding: output, as: UTF8.self) == ": a\n: data: b\n\n")
    }

    @Test(arguments: 1...12) func `a stream cut anywhere gives the same events`(size: Int) throws {
        let stream: Bytes =
            "\u{FEFF}data: a\r\ndata:b\r\n\r\n: note\rid: 7\revent: e\rdata\r\rid: 8\n\ndata:  c\n\n"
        #expect(
            try decoded(stream, cutEvery: size) == [
                ServerSentEvent(data: "a\nb"), ServerSentEvent(name: "e", id: "7", data: ""),
                ServerSentEvent(data: " c"),
            ])
    }

    @Test(arguments: ["plain", "two\nlines", "\n", "", "é\n\u{1F600}\n\n", "data: x\n\nid: 4"])
    func `what was encoded is decoded`(text: String) throws {
        let event = ServerSentEvent(name: "n", id: "5", data: Bytes(text))
        #expect(try decoded(Bytes(encoded(event)), cutEvery: 3) == [event])
    }

    @Test func `an id carries over and an id with NUL is ignored`() throws {
        var decoder = SSEDecoder()
        try decoder.decode("id: 1\ndata: a\n\nid: 2\0\ndata: b\n\nretry: 250\nretry: -1\n\n") { _ in }
        #expect(decoder.lastEventID == "1")
        #expect(decoder.retry == .milliseconds(250))
    }

    @Test(arguments: ["data: 12345678901234567890", "data: 12345678\ndata: 12345678\n\n"])
    func `an event over the limit is refused`(stream: String) {
        var decoder = SSEDecoder(eventBytesMax: 16)
        #expect(throws: SSEError.tooLarge(bytesMax: 16)) { try decoder.decode(Bytes(stream)) { _ in } }
    }
}
