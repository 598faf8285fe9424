import Base
import Reactor
import Wire

/// A request as a test says it.
struct ClientRequest: Sendable {
    var method = "GET"
    var target = "/"
    var fields: [(String, String)] = []
    /// Nil for no body.
    ///
    /// A body of several parts goes without its length being announced.
    var body: [Bytes]?
    var trailers: [(String, String)] = []

    init(
        _ method: String, _ target: String, fields: [(String, String)] = [], body: [Bytes]? = nil,
        trailers: [(String, String)] = []
    ) {
        self.method = method
        self.target = target
        self.fields = fields
        self.body = body
        self.trailers = trailers
    }

    init(_ target: String, fields: [(String, String)] = []) { self.init("GET", target, fields: fields) }
}

/// An answer as a client sees it; names are in lower case.
struct ClientAnswer: Sendable, Equatable {
    var status: Int
    var fields: [String: [String]]
    var body: [UInt8] = []
    var trailers: [String: [String]] = [:]

    var text: String { String(decoding: body, as: UTF8.self) }

    subscript(name: String) -> String? { fields[name]?.first }

    /// The stable code in the envelope of an error.
    var errorCode: String? {
        guard let document = try? JSON.parse(Bytes(body)) else { return nil }
        return document["error"]?["code"]?.string
    }
}

/// A client on one connection, whatever version of HTTP it speaks.
protocol TestClient: Actor {
    /// Sends a request's head.
    func begin(_ request: ClientRequest) async throws
    /// Sends a part of its body.
    func sendPart(_ part: Bytes) async throws
    /// Ends its body.
    func endBody(_ trailers: [(String, String)]) async throws
    /// The next answer's status and fields.
    func answerHead() async throws -> ClientAnswer
    /// The next part of its body; nil at the end.
    func answerPart() async throws -> [UInt8]?
    /// The fields behind its body.
    func answerTrailers() async -> [String: [String]]
    func close() async
}

extension TestClient {
    /// Sends a whole request and waits for the whole answer.
    func send(_ request: ClientRequest) async throws -> ClientAnswer {
        try await begin(request)
        if let body = request.body {
            for part in body { try await sendPart(part) }
            try await endBody(request.trailers)
        }
        return try await answer()
    }

    /// The next answer, whole.
    func answer() async throws -> ClientAnswer {
        var answer = try await answerHead()
        while let part = try await answerPart() { answer.body += part }
        answer.trailers = await answerTrailers()
        return answer
    }
}

/// What a test client was not prepared for.
struct ClientFailure: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}
