import CLinux
import Synchronization

/// The event loops of a process, one thread each.
public final class EventLoopGroup: Sendable {
    /// The loops, by index.
    public let loops: [EventLoop]
    private let threads: [Thread]
    private let turn = Atomic<Int>(0)

    /// Starts `count` loops.
    public init(count: Int) throws(SystemError) {
        var loops: [EventLoop] = []
        for index in 0..<max(1, count) { loops.append(try EventLoop(index: index)) }
        self.loops = loops
        var threads: [Thread] = []
        for loop in loops { threads.append(try Thread { loop.run() }) }
        self.threads = threads
    }

    /// The loops in turn, for work that has no loop of its own.
    public func next() -> EventLoop {
        loops[turn.wrappingAdd(1, ordering: .relaxed).oldValue % loops.count]
    }

    /// Stops the loops and waits for their threads.
    ///
    /// Nothing may run on them afterwards.
    public func shutdown() {
        for loop in loops { loop.stop() }
        for thread in threads { thread.join() }
    }

    /// Gives the system back what only the start needed: memory that was freed, and code that is not used again.
    public static func settleMemory() { hg_settle_memory() }

    /// The processors that this process may run on.
    ///
    /// Fewer than the machine has where it is confined to some, as by `taskset` or a container's `--cpuset-cpus`.
    public static var processorCount: Int { max(1, Int(hg_processor_count())) }
}
