import Base
import Identity
import Kernel
import Store
import StoreTesting
import Testing

@testable import BotFacade

@Suite struct ProgramSweepTests {
    private func sweep(_ house: FacadeHouse, days: Int) -> ProgramSweep {
        let later = ManualClock(Clocks.system.now + .seconds(days * 86_400))
        return ProgramSweep(database: house.database, clocks: later.clocks, stepMax: 1)
    }

    /// What there is of a program that was polled and set a webhook.
    private func rows(_ house: FacadeHouse, of key: String) async throws -> [String] {
        try await house.database.read { transaction in
            try await transaction.all(
                "SELECT id FROM bot_programs WHERE key_id = $1 "
                    + "UNION ALL SELECT name FROM cursors WHERE name LIKE $2",
                [.text(key), .text("%\(key)%")]
            ) { try $0.text(0) }
        }
    }

    private func program(_ house: FacadeHouse) async throws -> String {
        let token = try await house.token()
        #expect(
            try await house.call(token.text, "getUpdates", #"{"allowed_updates":["message"]}"#).status == 200)
        #expect(try await rows(house, of: token.id).count == 2)
        return token.id
    }

    @Test(arguments: Backend.allCases)
    func `a program is forgotten a week after its key was revoked, and no other`(backend: Backend)
        async throws
    {
        try await FacadeHouse.open(backend) { house in
            let (revoked, other, good) =
                (try await program(house), try await program(house), try await program(house))
            for key in [revoked, other] { try await house.identity.keys.revoke(key, by: .console) }
            #expect(try await sweep(house, days: 6).run() == 0)
            #expect(try await sweep(house, days: 8).run() == 4)
            for key in [revoked, other] { #expect(try await rows(house, of: key) == []) }
            #expect(try await rows(house, of: good).count == 2)
            // What has no program here is left alone.
            try await Cursors(house.database).commit(7, for: "somebody else's")
            #expect(try await sweep(house, days: 8).run() == 0)
        }
    }

    @Test(arguments: Backend.allCases)
    func `a program goes a week after its key has expired, or with its user`(backend: Backend) async throws {
        try await FacadeHouse.open(backend) { house in
            let user = try await house.identity.users.create(
                Users.Draft(username: "vera", password: Secret("correct horse"), roles: ["admin"]),
                by: .console)
            // The last administrator cannot go.
            let good = try await program(house)
            let made = try await house.tokens.make(
                for: house.bot, name: nil, canSend: false, expiresInDays: 1, userID: user.id, by: .console)
            #expect(try await rows(house, of: made.id).count == 1)
            #expect(try await sweep(house, days: 7).run() == 0)
            #expect(try await sweep(house, days: 9).run() == 1)
            let gone = try await house.tokens.make(
                for: house.bot, name: nil, canSend: false, userID: user.id, by: .console)
            try await house.identity.users.delete(named: "vera", by: .console)
            #expect(try await sweep(house, days: 0).run() == 1)
            #expect(try await rows(house, of: gone.id) == [])
            #expect(try await rows(house, of: good).count == 2)
        }
    }
}
