import Base
import Reactor
import Wire

/// A JSON parser for each event loop, so that parsing asks for no memory and no lock.
// SAFETY: a parser is touched on the loop of its index only, which `withDocument` asserts, and nobody waits in between.
@safe final class LoopParsers: @unchecked Sendable {
    private let parsers: [JSONParser]

    init(loopCount: Int) {
        parsers = (0..<loopCount).map { _ in JSONParser(limits: JSONLimits(bytesMax: 1 << 20)) }
    }

    /// Lends the parsed text; on `loop`.
    func withDocument<R>(_ bytes: Bytes, on loop: EventLoop, _ body: (JSONDocument) throws -> R) throws -> R {
        assert(loop.isCurrent, "a parser belongs to its loop")
        return try body(parsers[loop.index].parse(bytes))
    }
}
