import Base
import Crypto
import Glibc
@testable import Reactor
import Testing

/// Two loops that all tests share.
enum Loops {
    static let group: EventLoopGroup = {
        do {
            _ = Signals.raiseFileLimit()
            return try EventLoopGroup(count: 2)
        } catch { fatalError("no loops: \(error)") }
    }()

    static var first: EventLoop { group.loops[0] }
    static var second: EventLoop { group.loops[1] }
}

/// An actor that is pinned to a loop, as a connection is.
actor Pinned {
    let loop: EventLoop
    nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe loop.asUnownedSerialExecutor() }

    init(_ loop: EventLoop) { self.loop = loop }

    func run<R: Sendable>(_ body: @Sendable (isolated Pinned) async throws -> R) async throws -> R {
        try await body(self)
    }

    /// A task on this actor's loop.
    func spawn<R: Sendable>(
        _ body: @escaping @Sendable (isolated Pinned) async throws -> R
    ) -> Task<R, any Error> {
        Task { try await body(self) }
    }
}

/// Runs a test's body on a loop.
func onLoop<R: Sendable>(
    _ loop: EventLoop = Loops.first, _ body: @Sendable (isolated Pinned) async throws -> R
) async throws -> R {
    try await Pinned(loop).run(body)
}

/// How the two ends of a link are connected.
enum Link: Sendable, CaseIterable {
    case tcp, unix, tls
}

/// Two streams that are connected with each other, both on the same loop.
struct Ends: Sendable {
    let near: Reactor.Stream
    let far: Reactor.Stream

    func close() {
        near.close()
        far.close()
    }

    /// Connects; with TLS the near end is the client, and both handshakes are done.
    static func connect(_ link: Link, on pinned: isolated Pinned) async throws -> Ends {
        switch link {
        case .tcp: return try await pair(on: pinned)
        case .unix: return try unix(on: pinned.loop)
        case .tls:
            let context = TestTLS.shared
            let ends = try await pair(
                on: pinned, near: try TLSEngine(connecting: context.client, to: "127.0.0.1"),
                far: try TLSEngine(accepting: context.server))
            let far = ends.far
            let server = pinned.spawn { _ in
                try await far.handshake { _ in Issue.record("bytes came early") }
            }
            _ = try await ends.near.handshake { _ in Issue.record("bytes came early") }
            _ = try await server.value
            return ends
        }
    }

    /// Connects by TCP; whatever handshakes there are is left to the caller.
    static func pair(on pinned: isolated Pinned, near: TLSEngine? = nil, far: TLSEngine? = nil) async throws
        -> Ends
    {
        let arrivals = Arrivals()
        let listener = try Listener(localhost, on: pinned.loop)
        try listener.start { descriptor, peer in
            do {
                arrivals.add(
                    try Reactor.Stream(adopting: descriptor, peer: peer, on: listener.loop, tls: far))
            } catch { Issue.record(error) }
        }
        let near = try await Reactor.Stream.connect(to: listener.address, on: pinned.loop, tls: near)
        let far = await arrivals.next()
        listener.stop()
        return Ends(near: near, far: far)
    }

    private static func unix(on loop: EventLoop) throws -> Ends {
        var ends: [Int32] = [0, 0]
        // A stream socket; optimised builds of the tests do not see the name.
        let kind = 1 | O_NONBLOCK
        _ = unsafe socketpair(AF_UNIX, kind, 0, &ends)
        return Ends(
            near: try Reactor.Stream(adopting: ends[0], peer: .unix(""), on: loop),
            far: try Reactor.Stream(adopting: ends[1], peer: .unix(""), on: loop))
    }
}

let localhost = SocketAddress.v4(UInt32(0x7f00_0001).bigEndian, port: 0)

/// Things that happen on a loop and that a task on the same loop waits for.
final class Queue<Element>: @unchecked Sendable {
    // SAFETY: touched on one loop only.
    private var elements: [Element] = []
    private var waiter: CheckedContinuation<Void, Never>?

    func add(_ element: Element) {
        elements.append(element)
        waiter?.resume()
        waiter = nil
    }

    var count: Int { elements.count }

    func next() async -> Element {
        while elements.isEmpty { await withCheckedContinuation { waiter = $0 } }
        return elements.removeFirst()
    }
}

typealias Arrivals = Queue<Reactor.Stream>

extension Reactor.Stream {
    /// What comes until the peer ends its half, or so many bytes at least.
    func collect(_ count: Int = .max) async throws -> [UInt8] {
        var all: [UInt8] = []
        while all.count < count {
            let arrival = try await receive { bytes in
                unsafe bytes.withUnsafeBytes { unsafe all.append(contentsOf: $0) }
            }
            switch arrival {
            case .bytes: continue
            case .end: return all
            case .timedOut: throw StreamError.closed
            }
        }
        return all
    }

    func write(_ text: String) { write { $0.append(contentsOf: text.utf8) } }

    func say(_ text: String) {
        write(text)
        flush()
    }
}

func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

/// Lets the loop's other jobs run until something holds; a minute is far more than that may take.
func until(_ place: SourceLocation = #_sourceLocation, _ holds: () -> Bool) async {
    let deadline = EventLoop.clock() &+ 60_000_000_000
    while !holds() {
        guard EventLoop.clock() < deadline else {
            Issue.record("waited in vain", sourceLocation: place)
            return
        }
        await Task.yield()
    }
}

/// The error that a body throws.
///
/// It is no `#expect(throws:)`, and has no type parameter, because either would let the body run off the loop.
func failure(_ body: () async throws -> Void) async -> (any Error)? {
    do {
        try await body()
        return nil
    } catch { return error }
}

/// Records an issue unless the body throws a stream's error.
func expectStreamError(
    _ place: SourceLocation = #_sourceLocation, _ body: () async throws -> Void
) async -> StreamError? {
    let error = await failure(body)
    if !(error is StreamError) { Issue.record("\(String(describing: error))", sourceLocation: place) }
    return error as? StreamError
}

/// Numbers that look random and are the same in every run.
struct Seeded: RandomNumberGenerator {
    private var state: UInt64
    init(_ seed: UInt64) { state = seed }
    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ mixed >> 30) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ mixed >> 27) &* 0x94d0_49bb_1331_11eb
        return mixed ^ mixed >> 31
    }
}
