/// Watches the frames that come in, before anything else looks at them, and tells when a peer abuses the protocol.
///
/// It reads frame headers only. What is not well-formed is left to the parser behind it.
struct HTTP2FloodGuard {
    /// How a peer went too far; the texts are for the log.
    enum Violation: String {
        case resets = "too many streams were reset"
        case controlFrames = "too many frames without content"
        case continuations = "too many CONTINUATION frames"
        case headerBlock = "a header block is too long"
    }

    private enum FrameType {
        static let data: UInt8 = 0
        static let headers: UInt8 = 1
        static let resetStream: UInt8 = 3
        static let ping: UInt8 = 6
        static let windowUpdate: UInt8 = 8
        static let continuation: UInt8 = 9
    }

    private static let endStream: UInt8 = 1
    /// How many frames of ours a peer may answer with WINDOW_UPDATE or PING before that costs it something.
    private static let creditMax = 1 << 20

    private let limits: HTTP2Limits
    private var resets: RateBudget
    private var controlFrames: RateBudget
    /// The peer may answer each DATA frame of ours with window updates, and measure the bandwidth with pings.
    private var credit = 64

    private var skip = HTTP2Machine.preface.count
    private var header: (count: Int, bits: UInt64) = (0, 0)
    private var continuations = 0
    private var headerBlockBytes = 0

    init(limits: HTTP2Limits) {
        self.limits = limits
        resets = RateBudget(burst: limits.resetsBurst, perSecond: limits.resetsPerSecond)
        controlFrames = RateBudget(burst: limits.controlFramesBurst, perSecond: limits.controlFramesPerSecond)
    }

    /// Looks at the next bytes of the connection.
    mutating func inspect(_ bytes: UnsafeRawBufferPointer, at now: UInt64) -> Violation? {
        var position = 0
        while position < bytes.count {
            if skip > 0 {
                let count = min(skip, bytes.count - position)
                skip -= count
                position += count
                continue
            }
            // Length (3 bytes), type, flags and stream (4 bytes): the stream's first byte pushes nothing out that counts.
            if header.count < 5 { header.bits = unsafe header.bits << 8 | UInt64(bytes[position]) }
            header.count += 1
            position += 1
            guard header.count == 9 else { continue }
            let bits = header.bits
            header = (0, 0)
            let length = Int(bits >> 16 & 0xff_ffff)
            skip = length
            if let violation = count(UInt8(bits >> 8 & 0xff), flags: UInt8(bits & 0xff), length, now) {
                return violation
            }
        }
        return nil
    }

    /// A DATA frame of ours went out.
    mutating func sentData() { credit = min(Self.creditMax, credit + 4) }

    /// The peer cancelled a stream, or made us reset one.
    mutating func countReset(at now: UInt64) -> Violation? { resets.spend(at: now) ? nil : .resets }

    private mutating func count(_ type: UInt8, flags: UInt8, _ length: Int, _ now: UInt64) -> Violation? {
        switch type {
        case FrameType.data:
            return length == 0 && flags & Self.endStream == 0 ? countControl(now) : nil
        case FrameType.headers:
            continuations = 0
            headerBlockBytes = length
        case FrameType.continuation:
            continuations += 1
            headerBlockBytes += length
            if continuations > limits.continuationsMax { return .continuations }
        case FrameType.resetStream:
            return countReset(at: now)
        case FrameType.windowUpdate, FrameType.ping:
            guard credit > 0 else { return countControl(now) }
            credit -= 1
            return nil
        default:
            return countControl(now)
        }
        // Packed fields are smaller than what they stand for, but for a few that a peer may pack badly.
        return headerBlockBytes > 4 * limits.headerBytesMax + 16384 ? .headerBlock : nil
    }

    private mutating func countControl(_ now: UInt64) -> Violation? {
        controlFrames.spend(at: now) ? nil : .controlFrames
    }
}
