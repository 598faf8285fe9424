/// What guessing one password costs: memory, and how often all of it is filled.
public struct Argon2Cost: Sendable, Hashable {
    /// The memory, in KiB.
    public let memoryKiB: Int
    /// How often it is filled.
    public let passes: Int
    /// Into how many parts it is divided; they are worked on one after another.
    public let lanes: Int

    /// The most that is ever run, whoever asks: 256 MiB.
    public static let memoryKiBMax = 262_144
    /// The most passes that are ever run.
    public static let passesMax = 16
    /// The most lanes that are ever run.
    public static let lanesMax = 8
    /// The most memory that is ever filled, over all passes: 1 GiB, about two seconds of one core.
    public static let filledKiBMax = 1 << 20

    /// 19 MiB filled twice: OWASP's least for argon2id.
    ///
    /// It keeps a core busy for some 25 ms. More memory would cost a guesser more, but also the server: four
    /// logins at once take 76 MiB as it is.
    public static let standard = Argon2Cost(checked: 19_456, 2, 1)

    /// A cost; nil where it is beyond the most that is run, or below what the function can do.
    public init?(memoryKiB: Int, passes: Int, lanes: Int) {
        guard (1...Self.lanesMax).contains(lanes), (1...Self.passesMax).contains(passes),
            (8 * lanes...Self.memoryKiBMax).contains(memoryKiB), memoryKiB * passes <= Self.filledKiBMax
        else { return nil }
        self.init(checked: memoryKiB, passes, lanes)
    }

    private init(checked memoryKiB: Int, _ passes: Int, _ lanes: Int) {
        self.memoryKiB = memoryKiB
        self.passes = passes
        self.lanes = lanes
    }

    /// Whether a hash at this cost is at least as hard to guess as one at another.
    func isAtLeast(_ other: Argon2Cost) -> Bool {
        memoryKiB >= other.memoryKiB && memoryKiB * passes >= other.memoryKiB * other.passes
    }
}
