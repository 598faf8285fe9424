import Synchronization

/// Makes ids in nanoseconds: one random start for the process, then a counter that is shuffled beyond recognition.
///
/// They are unique, not secret: nobody may be let in for knowing one.
public final class IDSource: Sendable {
    private let prefix: UInt64
    private let salt: UInt64
    private let counter = Atomic<UInt64>(0)

    /// A source with a random start.
    public init() {
        var generator = SystemRandomNumberGenerator()
        prefix = generator.next()
        salt = generator.next()
    }

    /// A source whose ids are the same in every run.
    public init(seed: UInt64) {
        prefix = IDSource.mixed(seed)
        salt = IDSource.mixed(seed &+ 1)
    }

    /// The id of one more request.
    public func requestID() -> RequestID {
        // An odd factor maps 60 bits onto 60 bits one to one, so that no two counts meet.
        RequestID(high: prefix, low: (next() &* 0x9e37_79b9_7f4a_7c15) ^ salt)
    }

    /// A span's id: 64 bits, never zero.
    public func spanID() -> UInt64 {
        let id = IDSource.mixed(next() &+ salt)
        return id == 0 ? 1 : id
    }

    private func next() -> UInt64 { counter.wrappingAdd(1, ordering: .relaxed).oldValue }

    /// The finishing function of SplitMix64, one to one over 64 bits.
    private static func mixed(_ value: UInt64) -> UInt64 {
        var mixed = value &* 0x9e37_79b9_7f4a_7c15
        mixed = (mixed ^ mixed >> 30) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ mixed >> 27) &* 0x94d0_49bb_1331_11eb
        return mixed ^ mixed >> 31
    }
}
