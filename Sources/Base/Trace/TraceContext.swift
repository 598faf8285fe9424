/// What ties together everything that happens for one request; log lines pick it up by themselves.
public struct TraceContext: Sendable {
    /// The context of the running task.
    @TaskLocal public static var current: TraceContext?

    /// The id that this server gave the request.
    public var requestID: RequestID
    /// The id by which the caller follows a matter through several requests.
    public var correlationID: String?
    /// The place in a distributed trace.
    public var parent: TraceParent?
    /// The value of `tracestate`, passed on as it came.
    public var traceState: Bytes?

    /// A request's context.
    public init(
        requestID: RequestID, correlationID: String? = nil, parent: TraceParent? = nil,
        traceState: Bytes? = nil
    ) {
        self.requestID = requestID
        self.correlationID = correlationID
        self.parent = parent
        self.traceState = traceState
    }

    /// The correlation id that a header carries; nil where it is empty, longer than 128 bytes or not all visible ASCII.
    public static func correlationID(_ header: Bytes) -> String? {
        guard (1...128).contains(header.count), header.allSatisfy({ (0x21...0x7e).contains($0) }) else {
            return nil
        }
        return header.repairedText
    }
}
