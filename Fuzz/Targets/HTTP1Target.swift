import Base
import Wire

/// Parses requests as a connection does, at once and in pieces; both must see the same.
@Sendable func fuzzHTTP1(_ bytes: Bytes) {
    let (input, size) = pieces(bytes)
    let whole = HTTP1Seen(input, size: max(1, input.count))
    let parts = HTTP1Seen(input, size: size)
    expect(whole.isFailed == parts.isFailed, "pieces are refused when the whole is")
    expect(
        whole.requests == parts.requests,
        "pieces make the requests that the whole makes: \(whole) and \(parts)")
}

/// What one connection's parser saw.
private struct HTTP1Seen {
    struct Request: Equatable {
        var method: String
        var target: Bytes
        var fields: HeaderFields
        var framing: HTTP1Head.Framing
        var flags: [Bool]
        var body: [UInt8] = []
        var trailers = HeaderFields()
        var isComplete = false
    }

    private(set) var requests: [Request] = []
    private(set) var isFailed = false

    private static let limits: HTTP1Limits = {
        // Small enough for the fuzzer to reach.
        var limits = HTTP1Limits()
        (limits.targetMax, limits.headerBytesMax, limits.fieldsMax) = (64, 256, 8)
        return limits
    }()

    init(_ input: Bytes, size: Int) {
        let parser = HTTP1Parser(limits: Self.limits)
        var rest: [UInt8] = []
        for piece in cut(input, into: size) {
            rest += piece
            while !rest.isEmpty, parser.failure == nil {
                let count = unsafe parser.feed(rest.span.bytes)
                expect(count <= rest.count, "a parser takes no more than there is")
                rest.removeFirst(count)
                drain(parser)
                if parser.isComplete { parser.next() } else if count == 0 { break }
            }
            expect(rest.isEmpty || parser.failure != nil, "a parser takes all of a message")
        }
        isFailed = parser.failure != nil
    }

    private mutating func drain(_ parser: HTTP1Parser) {
        if let head = parser.takeHead() {
            check(head)
            requests.append(
                Request(
                    method: head.method.name, target: head.target, fields: head.fields, framing: head.framing,
                    flags: [head.minorVersion == 1, head.keepAlive, head.wantsUpgrade]))
        }
        let body = parser.takeBody()
        guard !requests.isEmpty else { return expect(body.isEmpty, "a body follows a head") }
        let last = requests.count - 1
        expect(body.isEmpty || !requests[last].isComplete, "a body ends with its message")
        requests[last].body += body
        guard parser.isComplete else { return }
        requests[last].trailers = parser.takeTrailers()
        requests[last].isComplete = true
        if case .length(let length) = requests[last].framing {
            expect(requests[last].body.count == Int(length), "a body is as long as it says")
        }
    }

    private func check(_ head: HTTP1Head) {
        expect(head.target.count <= Self.limits.targetMax, "targets have a limit")
        expect(head.fields.count <= Self.limits.fieldsMax, "fields have a limit")
        for field in head.fields {
            expect(
                HeaderFields.isValid(name: field.name, value: field.value),
                "fields could be sent as they are: \(field)"
            )
            expect(!field.name.contains { $0 >= 0x41 && $0 <= 0x5A }, "names are in lower case")
        }
    }
}
