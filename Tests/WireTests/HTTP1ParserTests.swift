import Base
import Testing
@testable import Wire

private let get = "GET /path?query=1 HTTP/1.1\r\nHost: example.test\r\n\r\n"
private let chunked = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"

@Suite struct HTTP1ParserTests {
    /// What has to come out the same however it is cut.
    private static let inputs = [
        get,
        get + get + get,
        "\r\n\r\n" + get,
        "OPTIONS * HTTP/1.0\r\n\r\n",
        "GET / HTTP/1.0\r\nConnection: keep-alive\r\nHost: a\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
        "HEAD / HTTP/1.1\r\nHOST:a\r\nEmpty:\r\nBlank:   \r\nPadded: \t x y \t\r\nTwice: 1\r\nTwice: 2\r\nempty:\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nHigh: \u{e9}\u{1f600}\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello" + get,
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n" + get,
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5 \r\n\r\n\r\n\r\n\n" + get,
        chunked + "5\r\nhello\r\n0\r\n\r\n" + get,
        chunked + "1\r\n\r\r\n2\r\n\n\r\r\n00000003\r\nabc\r\na;name;other=value\r\n0123456789\r\n0\r\n\r\n"
            + get,
        chunked + "0\r\nDigest: abc\r\nEmpty:\r\nPadded:  x \r\n\r\n" + get,
        chunked + "3;x=\"y\"\r\nabc\r\n0;last\r\nA: b\r\n\r\n" + chunked + "0\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: CHUNKED \r\n\r\n0\r\n\r\n" + get,
        "GET /ws HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: keep-alive, Upgrade\r\n\r\n",
        "GET http://example.test/path HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nHalf",
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhel",
        chunked + "5\r\nhel",
        chunked + "5\r\nhello\r\n0\r\nA: b\r\n",
    ]

    @Test(arguments: inputs) func `the outcome does not depend on how the bytes come`(text: String) {
        let whole = HTTP1Outcome(text)
        #expect(whole.failure == nil)
        #expect(HTTP1Outcome.splits(of: text).allSatisfy { $0 == whole })
        #expect(HTTP1Outcome.crumbs(of: text) == whole)
    }

    @Test func `a head is taken apart`() throws {
        let message = try #require(HTTP1Outcome(get).messages.first)
        #expect(message.line == "GET /path?query=1 1.1")
        #expect(message.fields == ["host: example.test"])
        #expect(message.framing == .none)
        #expect(message.keepAlive)
        #expect(!message.wantsUpgrade)
    }

    @Test func `names become lower case, and order, repetition, emptiness and inner space stay`() throws {
        let text =
            "HEAD / HTTP/1.1\r\nHOST:a\r\nEmpty:\r\nB:   \r\nPad: \t x y \t\r\nTwice: 1\r\nTWICE: 2\r\nempty:\r\n\r\n"
        let message = try #require(HTTP1Outcome(text).messages.first)
        #expect(
            message.fields == ["host: a", "empty: ", "b: ", "pad: x y", "twice: 1", "twice: 2", "empty: "])
    }

    @Test func `messages behind each other are told apart`() {
        let outcome = HTTP1Outcome(
            "POST /1 HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\none" + chunked + "3\r\ntwo\r\n0\r\n\r\n"
                + get)
        #expect(outcome.messages.map(\.body) == [Array("one".utf8), Array("two".utf8), []])
        #expect(outcome.messages.map(\.framing) == [.length(3), .chunked, .none])
    }

    @Test func `chunks are put together and trailers kept apart from the head`() throws {
        let outcome = HTTP1Outcome(
            chunked
                + "5;a=b\r\nhello\r\n6\r\n world\r\n0\r\nHost: evil\r\nContent-Length: 9\r\nSum: 1 \r\n\r\n")
        let message = try #require(outcome.messages.first)
        #expect(message.body == Array("hello world".utf8))
        #expect(message.fields == ["host: a", "transfer-encoding: chunked"])
        #expect(message.trailers == ["host: evil", "content-length: 9", "sum: 1"])
    }

    @Test(arguments: [
        ("HTTP/1.1\r\nHost: a", true), ("HTTP/1.1\r\nHost: a\r\nConnection: close", false),
        ("HTTP/1.1\r\nHost: a\r\nConnection: foo, Close", false), ("HTTP/1.0", false),
        ("HTTP/1.0\r\nConnection: keep-alive", true),
    ]) func `whether the connection may go on is told`(rest: String, keepAlive: Bool) {
        #expect(HTTP1Outcome("GET / \(rest)\r\n\r\n").messages.map(\.keepAlive) == [keepAlive])
    }

    @Test(arguments: [
        ("Upgrade: websocket\r\nConnection: upgrade", true), ("Upgrade: websocket", false),
        ("Connection: upgrade", false),
    ]) func `an upgrade needs both fields`(fields: String, wanted: Bool) {
        #expect(
            HTTP1Outcome("GET / HTTP/1.1\r\nHost: a\r\n\(fields)\r\n\r\n").messages.map(\.wantsUpgrade) == [
                wanted
            ])
    }

    @Test func `the largest length is a length and not an overflow`() {
        let outcome = HTTP1Outcome(
            "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 18446744073709551615\r\n\r\nabc")
        #expect(outcome.failure == nil)
        #expect(outcome.hasOpenHead)
    }

    @Test func `a head just within its limits is taken`() {
        var limits = HTTP1Limits()
        (limits.targetMax, limits.headerBytesMax, limits.fieldsMax) = (10, 20, 3)
        let text = "GET /123456789 HTTP/1.1\r\nHost: a\r\nX: 12345678901234\r\nY:\r\n\r\n"
        let message = HTTP1Outcome(text.replacing("12345678901234", with: "1234567890123"), limits: limits)
        #expect(message.failure == nil)
        #expect(message.messages.count == 1)
        #expect(HTTP1Outcome(text, limits: limits).failure == .headersTooLarge)
    }

    @Test func `limits count for each message anew`() {
        var limits = HTTP1Limits()
        (limits.targetMax, limits.headerBytesMax, limits.fieldsMax) = (100, 200, 4)
        let text = "GET / HTTP/1.1\r\nHost: a\r\nLong: \(String(repeating: "x", count: 150))\r\n\r\n"
        #expect(HTTP1Outcome(String(repeating: text, count: 50), limits: limits).messages.count == 50)
    }
}
