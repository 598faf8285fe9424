import Base
import Store
import StorePostgres
import StoreTesting
import Testing

struct ConnectionTests {
    /// Impatient, so that what cannot succeed fails soon.
    private var impatient: PostgresSettings {
        var settings = PostgresSettings.patient
        settings.waitingMax = .seconds(12)
        return settings
    }

    /// What a caller and the state say when no connection can be made.
    private func refusal(
        _ place: Place, user: String = PostgresServer.user, password: String = PostgresServer.password,
        query: String = "", port: UInt16? = nil
    ) async throws -> (error: StoreError?, state: DatabaseState) {
        let database = try place.open(impatient, port: port, query: query, user: user, password: password)
        let error = await failure { _ = try await database.number("SELECT 1") }
        let state = database.state
        await database.close()
        #expect(database.state == .closed)
        return (error, state)
    }

    @Test func `a wrong password is said to be one, and never shown`() async throws {
        let place = try await Place.make()
        let (error, state) = try await refusal(place, password: "wr0ng-password")
        #expect(error?.code == .unavailable)
        #expect(
            error?.message.contains("password authentication failed") == true, "\(String(describing: error))")
        #expect(!"\(String(describing: error)) \(state)".contains("wr0ng-password"))
        guard case .unavailable(let reason) = state else { return #expect(Bool(false), "\(state)") }
        #expect(reason.contains("password authentication failed"))
    }

    @Test func `a database that does not exist is said to be missing`() async throws {
        let place = try await Place.make()
        let (error, _) = try await refusal(Place(server: place.server, name: "missing"))
        #expect(error?.code == .unavailable)
        #expect(error?.message.contains("does not exist") == true, "\(String(describing: error))")
    }

    @Test func `nobody listening and no such host are told apart`() async throws {
        let place = try await Place.make()
        let (error, _) = try await refusal(place, port: 1)
        #expect(error?.message.contains("refused") == true, "\(String(describing: error))")
        let url = "postgres://u:p4ssw0rd@no-such-host.invalid/x"
        let database = try PostgresDatabase(Secret(url), settings: impatient, loops: testLoops())
        let unknown = await failure { _ = try await database.number("SELECT 1") }
        await database.close()
        #expect(unknown?.code == .unavailable)
        #expect(unknown?.message.contains("no-such-host.invalid is not known") == true)
    }

    @Test(arguments: [
        "mysql://a:b@c/d", "postgres://u:hunter2@h:99x99/%zz", "postgres://u:hunter2@h/d?nonsense=1",
        "postgres://u:hunter2@h/d?service=x", "",
    ])
    func `a URL that cannot be read is refused without being quoted`(url: String) throws {
        let error = #expect(throws: StoreError.self) {
            try PostgresDatabase(Secret(url), loops: testLoops())
        }
        #expect(error?.code == .misuse)
        #expect(error?.message.contains("hunter2") == false)
    }

    @Test func `names are looked up, and the local socket works as well`() async throws {
        let place = try await Place.make()
        let folder = place.server.folder
        for url in [
            "postgres://\(PostgresServer.user):\(PostgresServer.password)@localhost:\(place.server.port)/\(place.name)",
            "postgresql:///\(place.name)?host=\(folder)&port=\(place.server.port)&user=\(PostgresServer.user)",
        ] {
            let database = try PostgresDatabase(Secret(url), settings: .patient, loops: testLoops())
            #expect(try await database.number("SELECT 7") == 7)
            await database.close()
        }
    }

    @Test func `with a server that allows few connections, callers share those`() async throws {
        let place = try await Place.make()
        let role = "few_\(place.name)"
        try await place.psql("CREATE ROLE \(role) LOGIN PASSWORD 'x' CONNECTION LIMIT 2")
        let database = try place.open(user: role, password: "x")
        let results = try await withThrowingTaskGroup(of: Int64.self) { group in
            for _ in 0..<40 { group.addTask { try await database.number("SELECT 1 FROM pg_sleep(0.01)") } }
            return try await group.reduce(0, +)
        }
        #expect(results == 40)
        #expect(database.state == .ready)
        await database.close()
    }

    @Test func `a session begins with the limits that were set`() async throws {
        var settings = PostgresSettings.patient
        settings.statementTimeout = .seconds(7)
        settings.lockTimeout = .milliseconds(1500)
        try await withPostgres(settings) { database, _ in
            let shown = try await database.read { transaction in
                try await transaction.all(
                    """
                    SELECT setting::text FROM pg_settings WHERE name IN ('statement_timeout', 'lock_timeout',
                    'client_encoding', 'synchronous_commit', 'application_name') ORDER BY name
                    """
                ) { try $0.text(0) }
            }
            #expect(shown == ["heliograph", "UTF8", "1500", "7000", "on"])
        }
    }

    @Test func `a closed database says so, and its callers are told`() async throws {
        let place = try await Place.make()
        let database = try place.open()
        #expect(try await database.number("SELECT 1") == 1)
        await database.close()
        #expect(await failure { _ = try await database.number("SELECT 1") }?.code == .closed)
        let left = "SELECT count(*) FROM pg_stat_activity WHERE datname = '\(place.name)'"
        #expect(try await eventually { try await place.psql(left) == "0" })
    }
}

struct TLSTests {
    @Test func `TLS can be required and verified, and a stranger's certificate is refused`() async throws {
        let server = try await away { try PostgresServer(tls: true) }
        defer { server.remove() }
        let other = try await away { try PostgresServer(tls: true) }
        defer { other.remove() }
        var settings = PostgresSettings.patient
        settings.waitingMax = .seconds(10)
        let open = { (query: String) in
            let url =
                "postgres://\(PostgresServer.user):\(PostgresServer.password)@localhost:\(server.port)/postgres?\(query)"
            return try PostgresDatabase(Secret(url), settings: settings, loops: testLoops())
        }
        let verified = try open("sslmode=verify-full&sslrootcert=\(server.folder)/ca.pem")
        let large = try await verified.read { transaction in
            try await transaction.all("SELECT repeat('x', 100000) FROM generate_series(1, 50)") {
                try $0.text(0).count
            }
        }
        #expect(large == [Int](repeating: 100_000, count: 50))
        #expect(
            try await verified.number("SELECT ssl::int FROM pg_stat_ssl WHERE pid = pg_backend_pid()") == 1)
        await verified.close()
        let stranger = try open("sslmode=verify-full&sslrootcert=\(other.folder)/ca.pem")
        let error = await failure { _ = try await stranger.number("SELECT 1") }
        await stranger.close()
        #expect(error?.code == .unavailable)
        #expect(error?.message.contains("certificate verify failed") == true, "\(String(describing: error))")
        let clear = try open("sslmode=disable")
        let refused = await failure { _ = try await clear.number("SELECT 1") }
        await clear.close()
        #expect(refused?.message.contains("no pg_hba.conf entry") == true, "\(String(describing: refused))")
    }
}
