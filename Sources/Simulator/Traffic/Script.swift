import Base
import Wire

/// Steps that are done one after the other.
///
/// A step is an object: `do` names an action, `after_ms` waits first, `save` keeps the answer's number under a name
/// that later steps use as `$name`; everything else is what the action is called with.
struct Script: Sendable {
    private let steps: [JSONFields]
    private let run: Int
    private let control: ControlAPI
    private let core: Core

    /// Begins a script; with `wait` the answer comes when it is over.
    static func start(_ arguments: Arguments, _ control: ControlAPI, _ core: Core) async throws -> BotAnswer {
        let steps = (arguments.json("steps")?.array ?? []).compactMap(\.object)
        guard (1...100_000).contains(steps.count) else { throw BotError.bad("steps are missing") }
        let script = Script(steps: steps, run: core.apply { $0.runs.begin() }, control: control, core: core)
        if arguments.bool("wait") {
            await script.go()
        } else {
            core.run { await script.go() }
        }
        return BotAnswer { writer in core.apply { $0.runs[script.run] }?.write(to: &writer) ?? writer.null() }
    }

    func go() async {
        let start = core.settings.clocks.moment
        var names: [String: JSONValue] = [:]
        for step in steps {
            if let wait = step["after_ms"]?.int64, wait > 0 {
                guard await core.pause(.milliseconds(min(wait, 86_400_000))) else { break }
            }
            guard core.apply({ $0.runs[run]?.isStopped }) == false else { break }
            do {
                // A script within a script could go on for ever.
                guard let name = step["do"]?.string, name.lowercased() != "script" else {
                    throw BotError.bad("a step says with `do` what is to be done")
                }
                let answer = try await control.act(name, Arguments(Self.filled(step, names)))
                // An answer is JSON, as the door has written it itself.
                if let key = step["save"]?.string, let saved = try? JSON.parse(answer.result) {
                    names[key] =
                        saved["id"].map { JSONValue($0) } ?? saved["message_id"].map { JSONValue($0) }
                }
                core.apply { $0.runs[run]?.done += 1 }
            } catch {
                core.apply { state in
                    state.runs[run]?.failed += 1
                    if state.runs[run]?.failure == nil { state.runs[run]?.failure = "\(error)" }
                }
            }
        }
        core.apply { state in
            state.runs[run]?.isFinished = true
            state.runs[run]?.milliseconds = Int(
                (core.settings.clocks.moment - start).nanosecondsOfSpan / 1_000_000)
        }
    }

    /// The step with the numbers that earlier steps have kept.
    private static func filled(_ step: JSONFields, _ names: [String: JSONValue]) -> JSONFields {
        JSONFields(step.map { ($0.name, filled($0.value, names)) })
    }

    private static func filled(_ value: JSONValue, _ names: [String: JSONValue]) -> JSONValue {
        switch value {
        case .string(let text) where text.hasPrefix("$"): names[String(text.dropFirst())] ?? value
        case .array(let items): .array(items.map { filled($0, names) })
        default: value
        }
    }
}
