import Base
import BotAPI
import Bus
import Kernel
import Reactor
import Store
import StoreTesting
import Synchronization
import Testing
import Wire

@testable import Sending

/// A node that sends, over a fresh database and a Telegram of the test's own.
final class SendHouse: Sendable {
    let sends: Sends
    let telegram: FakeTelegram
    let log: EventLog
    let database: any Database
    let refusedBots = Mutex<[Int64]>([])
    private let supervisor: Supervisor
    private let stopping = AsyncStream.makeStream(of: Void.self)

    /// Bots 1, 2 and 42 are registered.
    static let bots: Set<Int64> = [1, 2, 42]

    init(
        _ database: any Database, _ telegram: FakeTelegram, bus: any Bus, holder: String,
        _ change: (inout Sends.Parts) -> Void
    ) async throws {
        self.database = database
        self.telegram = telegram
        log = try await EventLog(database)
        // Far longer than the machine may stand still: what a node has on its way when it loses its lease is uncertain.
        let leases = LeaseKeeper(Leases(database), holder: holder, span: .seconds(60))
        let hook = Hook()
        var parts = Sends.Parts(
            database: database, log: log, client: telegram.client, bus: bus, leases: leases,
            token: { Self.bots.contains($0) ? BotToken(Bytes("\($0):AATest-token")) : nil },
            bots: { $0 == 404 ? [] : $0 == 2 ? [1, 2] : [42] },
            unauthorized: { bot, _, _ in hook.house.withLock { $0?.refusedBots.withLock { $0.append(bot) } } }
        )
        // Tests wait for no pace unless they are about it.
        parts.settings.limits.chatBurst = 1000
        parts.settings.limits.groupCount = 1000
        parts.settings.limits.botCount = 1000
        parts.settings.backOff = .milliseconds(20)...Duration.milliseconds(100)
        parts.settings.lookInterval = .milliseconds(50)
        change(&parts)
        sends = Sends(parts)
        supervisor = Supervisor(
            [LeaseService(keeper: leases)] + sends.services, grace: .seconds(30), logger: .silent)
        hook.house.withLock { $0 = self }
    }

    private final class Hook: Sendable {
        let house = Mutex<SendHouse?>(nil)
    }

    private struct LeaseService: Service {
        let name = "leases"
        let keeper: LeaseKeeper
        func start() async throws {}
        func run() async throws { await keeper.run() }
        func stop(by deadline: MonotonicNanoseconds) async -> [String] {
            await keeper.close()
            return []
        }
    }

    /// Lends a node that runs.
    static func open(
        _ backend: Backend = .sqlite, _ change: (inout Sends.Parts) -> Void = { _ in },
        _ body: (SendHouse) async throws -> Void
    ) async throws {
        try await FakeTelegram.open { telegram in
            try await withDatabase(backend) { database in
                try await prepare(database)
                try await run(database, telegram, bus: InProcessBus(), "a", change, body)
            }
        }
    }

    static func prepare(_ database: any Database) async throws {
        try await Migrator(
            database,
            [
                LogSchema.migration, SendingSchema.migration(2), SendingSchema.bodies(3),
                AuditSchema.migration(4),
            ]
        )
        .up()
    }

    static func run(
        _ database: any Database, _ telegram: FakeTelegram, bus: any Bus, _ holder: String,
        _ change: (inout Sends.Parts) -> Void = { _ in }, _ body: (SendHouse) async throws -> Void
    ) async throws {
        let house = try await SendHouse(database, telegram, bus: bus, holder: holder, change)
        let supervisor = house.supervisor
        let stop = house.stopping.stream
        async let running = supervisor.run { for await _ in stop {} }
        do { try await body(house) } catch {
            house.stopping.continuation.finish()
            _ = try await running
            throw error
        }
        house.stopping.continuation.finish()
        _ = try await running
        house.log.close()
    }

    // MARK: Sending

    static let caller = Caller(
        userID: 7, userName: "ada", credential: .token, roles: [], permissions: Permission.all,
        reach: .everything)

    static func draft(
        _ text: String, to chat: Int64 = 5, bot: Int64 = 42, _ change: (inout SendDraft) -> Void = { _ in }
    ) throws -> SendDraft {
        var draft = SendDraft(
            bot: bot, chat: chat, method: try #require(BotMethod("sendMessage")),
            body: .json(Bytes(#"{"chat_id":\#(chat),"text":"\#(text)"}"#)))
        change(&draft)
        return draft
    }

    /// Sends and waits for the end.
    func sent(_ draft: SendDraft, by caller: Caller = SendHouse.caller) async throws -> Send {
        try await sends.submit(draft, by: caller, waiting: .seconds(60))
    }

    /// Waits until a send is in a state.
    func wait(_ id: Int64, _ state: Send.State, _ place: SourceLocation = #_sourceLocation) async throws
        -> Send
    {
        for _ in 0..<6000 {
            if let send = try await sends.send(id), send.state == state { return send }
            try await Task.sleep(for: .milliseconds(5))
        }
        Issue.record("the send never became \(state)", sourceLocation: place)
        throw CancellationError()
    }

    /// The kinds of the events of a send, once there are so many.
    func events(of id: Int64, _ count: Int) async throws -> [Event] {
        let reader = try await log.subscribe(from: .start)
        var found: [Event] = []
        for try await event in reader where event.content.key?.hasPrefix("send:\(id):") == true {
            found.append(event)
            if found.count == count { break }
        }
        return found
    }
}
