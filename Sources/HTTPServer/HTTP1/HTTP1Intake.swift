import Wire

/// What comes in on an HTTP/1 connection: one message at a time for the parser, and what stands behind it.
struct HTTP1Intake {
    let parser: HTTP1Parser
    /// What came behind the message that is being served.
    private var pending: [UInt8]
    private var pendingStart = 0

    /// `first` came before there was an intake.
    init(limits: HTTP1Limits, first: [UInt8] = []) {
        parser = HTTP1Parser(limits: limits)
        pending = first
    }

    /// Whether something has arrived behind the message that is being served.
    var hasMore: Bool { pendingStart < pending.count }

    /// Takes what came from the socket.
    mutating func feed(_ bytes: RawSpan) {
        let taken = parser.feed(bytes)
        guard taken < bytes.byteCount else { return }
        unsafe bytes.withUnsafeBytes { unsafe pending = Array($0[taken...]) }
        pendingStart = 0
    }

    /// Takes what came before and was not looked at.
    mutating func feedPending() {
        guard hasMore else { return }
        unsafe pendingStart += parser.feed(pending.span.bytes.extracting(droppingFirst: pendingStart))
        if !hasMore {
            pending = []
            pendingStart = 0
        }
    }

    /// The head of the next request, where it has arrived already.
    mutating func headAtHand() -> HTTP1Head? {
        feedPending()
        return parser.failure == nil ? parser.takeHead() : nil
    }

    /// Gives away what HTTP has not read, for the protocol that follows it.
    mutating func takeRest() -> [UInt8] {
        defer { (pending, pendingStart) = ([], 0) }
        return Array(pending[pendingStart...])
    }
}
