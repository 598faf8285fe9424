import Base
import Store
import Wire

/// `heliograph migrate`: the database's schema, and moving it.
enum MigrateCommand {
    static func run(_ operands: [String], _ configuration: Configuration, isJSON: Bool)
        async throws(UsageError)
        -> ExitCode
    {
        let action = operands.first ?? "status"
        guard ["status", "up", "down"].contains(action) else {
            throw UsageError("migrate does not know \(action); it knows status, up and down")
        }
        var target: Int?
        if operands.count > 1 {
            guard action != "status", let number = Int(operands[1]) else {
                throw UsageError("\(operands[1]) is no step's number")
            }
            target = number
        }
        if action == "down", target == nil {
            throw UsageError(
                "migrate down needs the number of the step to go back to; 0 for an empty database")
        }
        do {
            if action != "up" { try requireDatabase(configuration) }
            return try await withDatabase(configuration) { database in
                let migrator = Migrator(database, Schema.steps)
                switch action {
                case "up": say(try await migrator.up(to: target), "made", isJSON)
                case "down": say(try await migrator.down(to: target ?? 0), "undone", isJSON)
                default: say(try await migrator.status(), isJSON)
                }
                return .success
            }
        } catch {
            Terminal.complain("heliograph: \(error)\n")
            return .failure
        }
    }

    private static func say(_ steps: [Int], _ what: String, _ isJSON: Bool) {
        if isJSON {
            var writer = JSONWriter()
            writer.object { writer in
                writer.key(what)
                writer.array { writer in for step in steps { writer.value(step) } }
            }
            Terminal.say(writer.finish())
        } else if steps.isEmpty {
            Terminal.say("nothing to do\n")
        } else {
            for step in steps { Terminal.say("\(what) \(step)\n") }
        }
    }

    private static func say(_ status: [Migrator.Status], _ isJSON: Bool) {
        guard isJSON else {
            for step in status {
                Terminal.say("\(step.number)  \(step.appliedAt?.rfc3339 ?? "missing")  \(step.name)\n")
            }
            return
        }
        var writer = JSONWriter()
        writer.object { writer in
            writer.key("steps")
            writer.array { writer in
                for step in status {
                    writer.object { writer in
                        writer.field("number", step.number)
                        writer.field("name", step.name)
                        writer.key("appliedAt")
                        if let time = step.appliedAt { writer.value(time.rfc3339) } else { writer.null() }
                    }
                }
            }
        }
        Terminal.say(writer.finish())
    }
}
