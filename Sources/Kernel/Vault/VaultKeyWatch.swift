package import Base
package import Reactor
import Synchronization

/// Keeps the keys of a vault the same as those in their file, which it looks at each second.
///
/// So a new key reaches every node that shares the file without anybody telling it. A file that is wrong changes
/// nothing: the keys stay as they were, and `problem` says why.
package final class VaultKeyWatch: Service {
    package let name = "keys"
    /// The vault whose keys these are.
    package let vault: Vault
    /// Where the keys were found at the start.
    package let origin: KeySource.Origin

    private struct State {
        var source: KeySource
        var signature: KeyFile.Signature?
        var problem: String?
        var isStopped = false
    }

    private let records: VaultKeyRecords
    private let logger: Logger
    private let interval: Duration
    private let state: Mutex<State>

    /// Looks at the file so often.
    package static let interval = Duration.seconds(1)

    private init(
        _ vault: Vault, _ found: KeySource.Origin, _ source: KeySource, _ records: VaultKeyRecords,
        _ logger: Logger, _ interval: Duration
    ) {
        self.vault = vault
        self.records = records
        self.logger = logger
        self.interval = interval
        origin = found
        state = Mutex(State(source: source))
    }

    /// Opens the keys, has the database remember them, and makes the vault.
    package static func open(
        _ source: KeySource, _ records: VaultKeyRecords, clocks: Clocks = .system, logger: Logger = .silent,
        interval: Duration = VaultKeyWatch.interval
    ) async throws -> VaultKeyWatch {
        let found = try source.open(clocks: clocks)
        if case .made(let path) = found.origin {
            logger.info(
                "made a key for stored secrets; keep a copy of its file, they are lost without it",
                ["path": .string(path)])
        }
        let vault = Vault(try await records.register(found.ring))
        let watch = VaultKeyWatch(vault, found.origin, source, records, logger, interval)
        vault.lookForKeys { [weak watch] in watch?.readQuietly() ?? [] }
        return watch
    }

    /// Why the keys could not be read when they were last looked at; nil where all is well.
    package var problem: String? { state.withLock { $0.problem } }

    /// Reads the keys anew, from another source where one is given; throws, and keeps what there is, where they are wrong.
    package func reload(from source: KeySource? = nil) async throws {
        let source = source ?? state.withLock { $0.source }
        // Before the keys: what changes in between is found by the next look.
        let signature = source.path.flatMap { KeyFile($0).signature }
        let ring = try await records.register(source.open(makesFile: false).ring)
        let old = vault.keys
        vault.replaceKeys(ring)
        state.withLock { state in
            state.source = source
            state.signature = signature
            state.problem = nil
        }
        guard old.keys.map(\.id) != ring.keys.map(\.id) else { return }
        logger.info(
            "took other keys",
            [
                "current": .init(Int(ring.current.id)),
                "keys": .string(ring.keys.map { "\($0.id)" }.joined(separator: " ")),
            ])
    }

    /// Looks whether the file has changed, and reads it if so.
    package func look() async {
        let (source, known, before) = state.withLock { ($0.source, $0.signature, $0.problem) }
        guard let path = source.path else { return }
        guard before != nil || known == nil || KeyFile(path).signature != known else { return }
        do {
            try await reload()
            if before != nil { logger.info("the keys can be read again", ["path": .string(path)]) }
        } catch is CancellationError {
            return
        } catch {
            let isNews = state.withLock { state in
                defer { state.problem = "\(error)" }
                return !state.isStopped && state.problem != "\(error)"
            }
            if isNews {
                logger.error(
                    "the keys cannot be read; those from before stay", ["error": .init(describing: error)])
            }
        }
    }

    package func start() async throws {}

    /// Looks at the file until it is stopped; on the pool and not on a loop, because reading files blocks.
    @concurrent package func run() async throws {
        while !state.withLock(\.isStopped), !Task.isCancelled {
            await look()
            // Cut short only by the task's end.
            try? await Task.sleep(for: interval)
        }
    }

    package func stop(by deadline: MonotonicNanoseconds) async -> [String] {
        state.withLock { $0.isStopped = true }
        return []
    }

    /// The keys in the file, for the vault that has met one it does not know.
    private func readQuietly() -> [VaultKey] {
        let source = state.withLock { $0.source }
        guard source.path != nil else { return [] }
        // What is wrong with the file, `look` tells.
        return (try? source.open(makesFile: false).ring.keys) ?? []
    }
}
