import Base
import Testing
@testable import Wire

private let chunked = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"

/// What must not be taken for a request, and why not.
@Suite struct HTTP1RefusalTests {
    private static func request(_ fields: String) -> String {
        "POST / HTTP/1.1\r\nHost: a\r\n\(fields)\r\n\r\n"
    }

    /// Inputs that are refused as malformed, by what is wrong with them.
    private static let malformed: [(String, String)] = [
        ("a method nobody knows", "GETX / HTTP/1.1\r\nHost: a\r\n\r\n"),
        ("a method in lower case", "get / HTTP/1.1\r\nHost: a\r\n\r\n"),
        ("a space before the method", " GET / HTTP/1.1\r\nHost: a\r\n\r\n"),
        ("a tab for a space", "GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n"),
        ("two spaces before the target", "GET  / HTTP/1.1\r\nHost: a\r\n\r\n"),
        ("two spaces before the version", "GET /  HTTP/1.1\r\nHost: a\r\n\r\n"),
        ("a space behind the version", "GET / HTTP/1.1 \r\nHost: a\r\n\r\n"),
        ("a space in the target", "GET /a b HTTP/1.1\r\nHost: a\r\n\r\n"),
        ("a control character in the target", "GET /\u{1} HTTP/1.1\r\nHost: a\r\n\r\n"),
        ("a byte beyond ASCII in the target", "GET /\u{e9} HTTP/1.1\r\nHost: a\r\n\r\n"),
        ("no target", "GET HTTP/1.1\r\nHost: a\r\n\r\n"),
        ("HTTP/0.9", "GET /\r\n\r\n"),
        ("another protocol", "GET / RTSP/1.0\r\nHost: a\r\n\r\n"),
        ("another protocol's method", "DESCRIBE / RTSP/1.0\r\nHost: a\r\n\r\n"),
        ("ICE", "SOURCE / ICE/1.0\r\nHost: a\r\n\r\n"),
        ("http in lower case", "GET / http/1.1\r\nHost: a\r\n\r\n"),
        ("line feeds alone", "GET / HTTP/1.1\nHost: a\n\n"),
        ("a line feed alone behind a field", "GET / HTTP/1.1\r\nHost: a\n\r\n"),
        ("a line feed alone for the empty line", "GET / HTTP/1.1\r\nHost: a\r\n\n"),
        ("a line feed alone before the request", "\nGET / HTTP/1.1\r\nHost: a\r\n\r\n"),
        ("a carriage return alone behind a field", "GET / HTTP/1.1\r\nHost: a\rX: b\r\n\r\n"),
        (
            "a carriage return alone for the empty line",
            "GET / HTTP/1.1\r\nHost: a\r\n\rGET /x HTTP/1.1\r\n\r\n"
        ),
        ("a folded line", request("A: x\r\n y")),
        ("a line folded by a tab", request("A: x\r\n\ty")),
        ("a value that begins folded", request("A:\r\n x")),
        ("a folded first line", "GET / HTTP/1.1\r\n Host: a\r\n\r\n"),
        ("a space before the colon", request("A : x")),
        ("a tab before the colon", request("A\t: x")),
        ("no name", request(": x")),
        ("no colon", request("A")),
        ("a name with a control character", request("A\u{1}: x")),
        ("a name beyond ASCII", request("\u{e9}: x")),
        ("a value with a NUL", request("A: x\u{0}y")),
        ("a value with a control character", request("A: x\u{1f}y")),
        ("a value with DEL", request("A: x\u{7f}y")),
        ("two lengths", request("Content-Length: 3\r\nContent-Length: 3")),
        ("two different lengths", request("Content-Length: 3\r\nContent-Length: 4")),
        ("a list of lengths", request("Content-Length: 3, 3")),
        ("a negative length", request("Content-Length: -3")),
        ("a length with a plus", request("Content-Length: +3")),
        ("a hexadecimal length", request("Content-Length: 0x3")),
        ("an empty length", request("Content-Length: ")),
        ("a length that overflows", request("Content-Length: 18446744073709551616")),
        ("a length and chunks", request("Content-Length: 3\r\nTransfer-Encoding: chunked")),
        ("chunks and a length", request("Transfer-Encoding: chunked\r\nContent-Length: 3")),
        ("a chunk size that overflows", chunked + "10000000000000000\r\n"),
        ("a negative chunk size", chunked + "-3\r\nabc\r\n0\r\n\r\n"),
        ("a chunk size with 0x", chunked + "0x3\r\nabc\r\n0\r\n\r\n"),
        ("a chunk without size", chunked + "\r\nabc\r\n0\r\n\r\n"),
        ("a space behind the chunk size", chunked + "3 \r\nabc\r\n0\r\n\r\n"),
        ("a chunk size that ends in a line feed", chunked + "3\nabc\r\n0\r\n\r\n"),
        ("a chunk longer than its size", chunked + "3\r\nabcd\r\n0\r\n\r\n"),
        ("a chunk that ends in a line feed", chunked + "3\r\nabc\n0\r\n\r\n"),
        ("a line feed in a chunk extension", chunked + "3;a\nb\r\nabc\r\n0\r\n\r\n"),
        ("an empty chunk extension", chunked + "3;\r\nabc\r\n0\r\n\r\n"),
        ("a line feed alone behind the trailers", chunked + "0\r\n\n"),
        ("a line feed alone behind a trailer", chunked + "0\r\nA: b\n\r\n"),
        ("a folded trailer", chunked + "0\r\nA: b\r\n c\r\n\r\n"),
        ("a trailer without name", chunked + "0\r\n: c\r\n\r\n"),
        ("a carriage return alone behind the trailers", chunked + "0\r\n\rX\r\n\r\n"),
        ("the preface of HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
    ]

    @Test(arguments: malformed) func `it is malformed`(why: String, text: String) {
        guard case .malformed = HTTP1Outcome(text).failure else {
            Issue.record("\(why): \(HTTP1Outcome(text))")
            return
        }
        #expect(HTTP1Outcome.splits(of: text).allSatisfy { $0.isMalformed })
        #expect(HTTP1Outcome.crumbs(of: text).isMalformed)
    }

    private static let others: [(String, HTTP1Failure)] = [
        ("GET / HTTP/0.9\r\nHost: a\r\n\r\n", .versionNotSupported),
        ("GET / HTTP/1.2\r\nHost: a\r\n\r\n", .versionNotSupported),
        ("GET / HTTP/2.0\r\nHost: a\r\n\r\n", .versionNotSupported),
        (request("Transfer-Encoding: gzip"), .transferEncodingNotSupported),
        (request("Transfer-Encoding: gzip, chunked"), .transferEncodingNotSupported),
        (request("Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked"), .transferEncodingNotSupported),
        (request("Transfer-Encoding: chunked, gzip"), .transferEncodingNotSupported),
        (request("Transfer-Encoding: chunked, chunked"), .transferEncodingNotSupported),
        (request("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked"), .transferEncodingNotSupported),
        (request("Transfer-Encoding: chunked, identity"), .transferEncodingNotSupported),
        (request("Transfer-Encoding: identity"), .transferEncodingNotSupported),
        (request("Transfer-Encoding: xchunked"), .transferEncodingNotSupported),
        (request("Transfer-Encoding: chunkedx"), .transferEncodingNotSupported),
        (request("Transfer-Encoding:"), .transferEncodingNotSupported),
        ("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", .transferEncodingNotSupported),
        ("GET / HTTP/1.1\r\n\r\n", .hostMissing),
        ("GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", .hostMissing),
        ("GET / HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n", .hostMissing),
    ]

    @Test(arguments: others) func `it is refused for a reason of its own`(text: String, failure: HTTP1Failure)
    {
        #expect(HTTP1Outcome(text).failure == failure)
        #expect(HTTP1Outcome.splits(of: text).allSatisfy { $0.failure == failure })
        #expect(HTTP1Outcome.crumbs(of: text).failure == failure)
    }

    private static let tooLarge: [(String, HTTP1Failure)] = [
        ("GET /\(String(repeating: "a", count: 60)) HTTP/1.1\r\nHost: a\r\n\r\n", .targetTooLong),
        (request("A: \(String(repeating: "x", count: 200))"), .headersTooLarge),
        (request("\(String(repeating: "x", count: 200)): 1"), .headersTooLarge),
        (request(String(repeating: "A:\r\n", count: 6) + "B:"), .tooManyFields),
        (request("A:\(String(repeating: " ", count: 2000))x"), .headersTooLarge),
        (String(repeating: "\r\n", count: 1000) + "GET / HTTP/1.1\r\nHost: a\r\n\r\n", .headersTooLarge),
        (chunked + "0\r\nA: \(String(repeating: "x", count: 200))\r\n\r\n", .headersTooLarge),
        (chunked + "0\r\n" + String(repeating: "A:\r\n", count: 6) + "\r\n", .tooManyFields),
        (chunked + String(repeating: "1;aaaaaaaaaa\r\nx\r\n", count: 30), .headersTooLarge),
        (chunked + "1;a=\(String(repeating: "b", count: 200))\r\nx\r\n", .headersTooLarge),
    ]

    @Test(arguments: tooLarge) func `it is more than the limits allow`(text: String, failure: HTTP1Failure) {
        var limits = HTTP1Limits()
        (limits.targetMax, limits.headerBytesMax, limits.fieldsMax) = (50, 100, 5)
        #expect(HTTP1Outcome(text, limits: limits).failure == failure)
        #expect(HTTP1Outcome.splits(of: text, limits: limits).allSatisfy { $0.failure == failure })
        #expect(HTTP1Outcome.crumbs(of: text, limits: limits).failure == failure)
    }

    @Test func `a name longer than the table can say is refused however large the limit`() {
        var limits = HTTP1Limits()
        limits.headerBytesMax = 1 << 20
        let bytes = Array(Self.request("\(String(repeating: "x", count: 130_000)): 1").utf8)
        let pieces = stride(from: 0, to: bytes.count, by: 40_000).map {
            bytes[$0..<min($0 + 40_000, bytes.count)]
        }
        #expect(HTTP1Outcome(pieces, limits: limits).failure == .headersTooLarge)
    }

    @Test func `nothing is taken any more after a failure`() {
        let parser = HTTP1Parser()
        let bad = Array("BAD\r\n".utf8)
        let taken = unsafe parser.feed(bad.span.bytes)
        #expect(taken == 5)
        #expect(parser.failure != nil)
        let more = unsafe parser.feed(bad.span.bytes)
        #expect(more == 0)
        #expect(parser.takeHead() == nil)
    }
}

extension HTTP1Outcome {
    fileprivate var isMalformed: Bool { if case .malformed = failure { true } else { false } }
}
