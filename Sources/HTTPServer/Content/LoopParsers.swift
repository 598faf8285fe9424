package import Base
package import Reactor
package import Wire

/// A JSON parser for each event loop, so that parsing asks for no memory and no lock.
// SAFETY: a parser is touched on the loop of its index only, which `withDocument` asserts, and nobody waits in between.
@safe package final class LoopParsers: @unchecked Sendable {
    private let parsers: [JSONParser]

    /// Parsers for so many loops, of texts that are no longer than `bytesMax`.
    package init(loopCount: Int, bytesMax: Int = 1 << 20) {
        parsers = (0..<loopCount).map { _ in JSONParser(limits: JSONLimits(bytesMax: bytesMax)) }
    }

    /// Lends the parsed text; on `loop`.
    package func withDocument<R>(_ bytes: Bytes, on loop: EventLoop, _ body: (JSONDocument) throws -> R)
        throws
        -> R
    {
        assert(loop.isCurrent, "a parser belongs to its loop")
        return try body(parsers[loop.index].parse(bytes))
    }
}
