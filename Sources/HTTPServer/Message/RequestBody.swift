public import Base
public import Wire

/// Where the parts of a body come from while it is still arriving.
public protocol BodySource: AnyObject, Sendable {
    /// Waits for the next part; nil at the end.
    func nextPart() async throws -> Bytes?
    /// The trailers, once the end was reached.
    func trailers() async -> HeaderFields
}

/// A request's body: complete already, or still arriving.
///
/// The client is slowed down while nobody reads.
public enum RequestBody: Sendable {
    case empty
    case complete(Bytes)
    case arriving(length: UInt64?, any BodySource)

    /// The number of bytes, when it is known.
    public var length: UInt64? {
        switch self {
        case .empty: 0
        case .complete(let bytes): UInt64(bytes.count)
        case .arriving(let length, _): length
        }
    }

    /// The whole body; throws `PAYLOAD_TOO_LARGE` when it has more than `max` bytes.
    public func collect(max: Int) async throws -> Bytes {
        switch self {
        case .empty: return Bytes()
        case .complete(let bytes):
            guard bytes.count <= max else { throw APIError.payloadTooLarge(max) }
            return bytes
        case .arriving(let length, let source):
            guard length ?? 0 <= max else { throw APIError.payloadTooLarge(max) }
            var whole: [UInt8] = []
            while let part = try await source.nextPart() {
                guard whole.count + part.count <= max else { throw APIError.payloadTooLarge(max) }
                whole.append(contentsOf: part)
            }
            return Bytes(whole)
        }
    }

    /// The fields that followed the body, once it was read to its end.
    public func trailers() async -> HeaderFields {
        guard case .arriving(_, let source) = self else { return HeaderFields() }
        return await source.trailers()
    }

    /// The parts in order, as they arrive.
    public var parts: Parts { Parts(body: self) }

    /// The parts of a body as a sequence.
    ///
    /// Walk it once.
    public struct Parts: AsyncSequence, Sendable {
        fileprivate let body: RequestBody

        /// Walks the parts.
        public struct AsyncIterator: AsyncIteratorProtocol {
            fileprivate var body: RequestBody

            /// Waits for the next part; nil at the end.
            public mutating func next() async throws -> Bytes? { try await next(isolation: #isolation) }

            /// `for await` calls this one; without it each part would hop off the loop and back.
            public mutating func next(isolation actor: isolated (any Actor)?) async throws -> Bytes? {
                switch body {
                case .empty: return nil
                case .complete(let bytes):
                    body = .empty
                    return bytes.isEmpty ? nil : bytes
                case .arriving(_, let source): return try await source.nextPart()
                }
            }
        }

        /// Begins the walk.
        public func makeAsyncIterator() -> AsyncIterator { AsyncIterator(body: body) }
    }
}
