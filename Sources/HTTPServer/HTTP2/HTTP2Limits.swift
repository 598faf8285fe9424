/// What one HTTP/2 connection may ask for before it is refused or ended.
public struct HTTP2Limits: Sendable, Hashable {
    /// Requests that may be open at once.
    public var streamsMax: UInt32 = 128
    /// Bytes of a request's fields, names and values, each field counted with 32 more as RFC 9113 has it.
    public var headerBytesMax = 32 * 1024
    /// Number of a request's fields.
    public var headerFieldsMax = 128
    /// Bytes of `:path`.
    public var targetMax = 8192
    /// Bytes of one request's body that may be on their way before the handler has consumed them.
    public var streamWindow: Int32 = 256 * 1024
    /// The same for all requests of the connection together.
    public var connectionWindow: Int32 = 1024 * 1024
    /// Bytes of one frame's payload; RFC 9113 allows 16,384 to 16,777,215.
    public var frameBytesMax: UInt32 = 16384
    /// CONTINUATION frames that may follow one HEADERS frame.
    public var continuationsMax = 8
    /// Streams that the peer may cancel, or make us reset by breaking rules, at once.
    public var resetsBurst: UInt32 = 500
    /// How many of them it may go on with each second.
    public var resetsPerSecond: UInt32 = 100
    /// Frames that carry nothing for a request (PING, SETTINGS, PRIORITY, empty DATA, unknown ones) at once.
    ///
    /// What answers our own DATA frames is free.
    public var controlFramesBurst: UInt32 = 500
    /// How many of them the peer may go on with each second.
    public var controlFramesPerSecond: UInt32 = 100
    /// Answers to PING and SETTINGS that may wait for the peer to read them.
    public var acknowledgementsMax = 256
    /// Bytes of an answer's body that may be queued before `drained` is worth waiting for.
    public var bodyLowWater = 16 * 1024

    /// The defaults.
    public init() {}
}
