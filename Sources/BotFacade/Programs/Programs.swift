import Base
import Bus
import Crypto
import Kernel
import Store
import Synchronization

/// What programs on the endpoint have asked for, and how far each has come.
struct Programs: Sendable {
    private let database: any Database
    private let vault: Vault
    private let log: EventLog
    private let cursors: Cursors
    private let clocks: Clocks

    init(_ database: any Database, _ vault: Vault, _ log: EventLog, _ clocks: Clocks) {
        self.database = database
        self.vault = vault
        self.log = log
        self.clocks = clocks
        cursors = Cursors(database, clocks: clocks)
    }

    /// The program of a key, as it stands; a new one where there is none yet.
    func program(_ keyID: String, _ botID: Int64) async throws -> Program {
        try await database.read { try await ProgramStore.program(keyID, botID, in: $0) }
            ?? Program(keyID: keyID, botID: botID)
    }

    /// Changes what a program has asked for, as it stands then; returns how that was.
    ///
    /// Nothing is written, and no delivery begins anew, where `change` says that there is no need.
    func change(
        _ keyID: String, _ botID: Int64, _ change: @escaping @Sendable (inout Program) throws -> Bool
    ) async throws -> (before: Program, isChanged: Bool) {
        try await database.write { transaction in
            // Also of a row that is not there yet.
            try await transaction.lock("programs on the Bot API endpoint")
            let before =
                try await ProgramStore.program(keyID, botID, in: transaction)
                ?? Program(keyID: keyID, botID: botID)
            var program = before
            guard try change(&program) else { return (before, false) }
            try await ProgramStore.save(program, in: transaction)
            return (before, true)
        }
    }

    /// Has a program that fetches its updates get these kinds; false where they are delivered to it by now.
    func setAllowed(_ kinds: [String]?, of program: Program) async throws -> Bool {
        try await database.write { transaction in
            try await transaction.lock("programs on the Bot API endpoint")
            return try await ProgramStore.setAllowed(kinds, of: program, in: transaction)
        }
    }

    /// The programs that have updates delivered.
    func hooks() async throws -> [Program] {
        let now = clocks.now
        return try await database.read { try await ProgramStore.hooks(at: now, in: $0) }
    }

    func report(_ program: Program, _ error: String) async throws {
        let now = clocks.now
        try await database.write { try await ProgramStore.report(program.id, error, at: now, in: $0) }
    }

    /// How long ago an event came in.
    func age(of event: Event) -> Duration { clocks.now - event.recordedAt }

    // MARK: Cursors

    /// How far the program has confirmed.
    ///
    /// Its first question begins with what is still to come, like a new reader of a stream.
    func position(of program: Program) async throws -> Position {
        if let position = try await cursors.position(of: program.cursor) { return position }
        let now = log.end
        try await cursors.commit(now, for: program.cursor)
        return now
    }

    /// Has a program get what comes from now on.
    func begin(_ program: Program) async throws { try await cursors.commit(log.end, for: program.cursor) }

    func confirm(_ position: Position, of program: Program) async throws {
        try await cursors.commit(position, for: program.cursor)
    }

    // MARK: Secrets

    func seal(_ secret: String, of program: Program) throws -> Bytes {
        try vault.seal(Bytes(secret), for: ProgramStore.secretColumn.place(program.id))
    }

    /// Whether a program has this secret already; what cannot be opened is another.
    func secret(_ secret: String?, isThatOf program: Program) -> Bool {
        do { return try self.secret(of: program) == secret.map { Bytes($0) } } catch { return false }
    }

    func secret(of program: Program) throws -> Bytes? {
        try program.sealedSecret.map { try vault.open($0, for: ProgramStore.secretColumn.place(program.id)) }
    }
}
