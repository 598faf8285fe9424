import Base
import Kernel
import Store
import Wire

/// `heliograph bench`: what the log can do on this machine, and what access checks cost, measured within the process.
enum BenchCommand {
    static func run(_ operands: [String], _ options: [String: String], _ configuration: Configuration)
        async throws(UsageError) -> ExitCode
    {
        if operands == ["access"] {
            say(await AccessBench.run())
            return .success
        }
        guard operands == ["log"] else { throw UsageError("bench measures log or access") }
        let seconds = try number(options, "--seconds", 5)
        let events = try number(options, "--events", 200_000)
        do {
            let results = try await withDatabase(configuration) { database in
                let migrator = Migrator(database, Schema.steps)
                guard try await migrator.status().allSatisfy({ $0.appliedAt == nil }) else {
                    throw BackupError.notEmpty
                }
                try await migrator.up()
                return try await LogBench(database).run(seconds: seconds, events: events)
            }
            say(results)
            return .success
        } catch {
            Terminal.complain("heliograph: \(error)\n")
            return .failure
        }
    }

    private static func say(_ results: [(String, Double)]) {
        var writer = JSONWriter()
        writer.object { writer in for (name, value) in results { writer.field(name, value) } }
        Terminal.say(writer.finish())
    }

    private static func number(_ options: [String: String], _ name: String, _ standard: Int)
        throws(UsageError) -> Int
    {
        guard let text = options[name] else { return standard }
        guard let number = Int(text), (1...100_000_000).contains(number) else {
            throw UsageError("\(name) needs a whole number from 1")
        }
        return number
    }
}
