import Base
@testable import Wire

/// All that a parser makes of some bytes.
struct HTTP1Outcome: Equatable {
    struct Message: Equatable {
        var line: String
        var fields: [String]
        var framing: HTTP1Head.Framing
        var keepAlive: Bool
        var wantsUpgrade: Bool
        var body: [UInt8]
        var trailers: [String]
    }

    var messages: [Message] = []
    var failure: HTTP1Failure?
    /// Whether a message had begun when the bytes ended.
    var isInMessage = false
    /// Whether a head was handed out whose message did not come to its end.
    var hasOpenHead = false

    /// Parses the pieces one after the other.
    init(_ pieces: [ArraySlice<UInt8>], limits: HTTP1Limits = HTTP1Limits()) {
        let parser = HTTP1Parser(limits: limits)
        var open: Message?
        for piece in pieces {
            var rest = piece
            // A parser that is done with a message has to be asked again even where nothing is left.
            while !rest.isEmpty {
                let taken = unsafe parser.feed(rest.span.bytes)
                precondition(taken <= rest.count, "claims more than it was given")
                precondition(taken > 0 || parser.isComplete, "takes nothing and says nothing")
                rest = rest.dropFirst(taken)
                if parser.failure != nil {
                    failure = parser.failure
                    return
                }
                if let head = parser.takeHead() { open = Message(head) }
                open?.body += parser.takeBody()
                guard parser.isComplete, var message = open else { continue }
                message.trailers = Self.list(parser.takeTrailers())
                messages.append(message)
                open = nil
                parser.next()
            }
        }
        isInMessage = parser.isInMessage
        hasOpenHead = open != nil
    }

    init(_ text: String, limits: HTTP1Limits = HTTP1Limits()) {
        self.init([Array(text.utf8)[...]], limits: limits)
    }

    /// The outcomes of a text in two pieces, for every place where it can be cut.
    static func splits(of text: String, limits: HTTP1Limits = HTTP1Limits()) -> [HTTP1Outcome] {
        let bytes = Array(text.utf8)
        return (0...bytes.count).map { HTTP1Outcome([bytes[..<$0], bytes[$0...]], limits: limits) }
    }

    /// The outcome of a text in pieces of one byte.
    static func crumbs(of text: String, limits: HTTP1Limits = HTTP1Limits()) -> HTTP1Outcome {
        let bytes = Array(text.utf8)
        return HTTP1Outcome(bytes.indices.map { bytes[$0...$0] }, limits: limits)
    }

    fileprivate static func list(_ fields: HeaderFields) -> [String] {
        fields.map { "\($0.name): \($0.value)" }
    }
}

extension HTTP1Outcome.Message {
    fileprivate init(_ head: HTTP1Head) {
        self.init(
            line: "\(head.method) \(head.target) 1.\(head.minorVersion)",
            fields: HTTP1Outcome.list(head.fields),
            framing: head.framing, keepAlive: head.keepAlive, wantsUpgrade: head.wantsUpgrade, body: [],
            trailers: [])
    }
}
