import Base
import Crypto
import Kernel
import Reactor
import Store

/// Keeps the leases of this run of this node.
final class LeaseService: Service {
    let name = "leases"
    let keeper: LeaseKeeper
    private let stop = StopSignal()
    /// What a node that died held is free after so long.
    private static let span = Duration.seconds(6)

    init(_ database: any Database) {
        let holder = Hex.encode(SecureRandom.bytes(8))
        keeper = LeaseKeeper(Leases(database), holder: holder, span: Self.span)
    }

    func start() async throws {}

    @concurrent func run() async throws {
        await withTaskGroup(of: Void.self) { group in
            group.addTask(name: "leases") { await self.keeper.run() }
            await stop.wait()
            group.cancelAll()
        }
    }

    func stop(by deadline: MonotonicNanoseconds) async -> [String] {
        stop.request()
        await keeper.close()
        return []
    }
}
