"""Runs the pipelines of one runspace pool: asks the test what a cmdlet answers and writes that to the pool."""

import http.client
import json
import threading
import urllib.parse

from psrpcore import (
    CreatePipelineEvent,
    PipelineHostResponseEvent,
    PSRPPayload,
    ServerPipeline,
    ServerRunspacePool,
    StreamType,
)
from psrpcore.types import HostMethodIdentifier, PSInvocationState, PSRPMessageType

from psrp import objects

NO_LANGUAGE = {
    "types": ["System.Management.Automation.ParseException", "System.Management.Automation.RuntimeException"],
    "id": "ScriptsNotAllowed",
    "category": 17,
    "message": "The syntax is not supported by this runspace. This can occur if the runspace is in no-language mode.",
}
NO_HOST = {
    "types": ["System.Management.Automation.Host.HostException", "System.Management.Automation.RuntimeException"],
    "id": "HostFunctionNotImplemented",
    "category": 7,
    "message": "A command that prompts the user failed because the host program does not support user interaction.",
}
BROKEN = {"types": ["System.InvalidOperationException"], "id": "PeerBroken", "category": 7, "message": ""}


class Answers:
    """Asks the test process, over HTTP, what a cmdlet does."""

    def __init__(self, url):
        parts = urllib.parse.urlsplit(url)
        self.host = parts.netloc

    def ask(self, cmdlet, parameters, types):
        connection = http.client.HTTPConnection(self.host, timeout=60)
        try:
            body = json.dumps({"cmdlet": cmdlet, "parameters": parameters, "types": types})
            connection.request("POST", "/", body, {"Content-Type": "application/json"})
            answer = connection.getresponse()
            return json.loads(answer.read())
        finally:
            connection.close()


class Pool:
    """One runspace pool. `lock` guards everything; `changed` tells that there is more to send or that something ended."""

    def __init__(self, answers, faults, options, problems):
        self.pool = ServerRunspacePool()
        self.lock = threading.RLock()
        self.changed = threading.Condition(self.lock)
        self.answers = answers
        self.faults = faults
        self.options = options
        self.problems = problems
        self.ready = {None: []}
        self.done = set()
        # Pipelines whose answer is lost for good: the connection that waits for it breaks.
        self.lost = False
        self.responses = {}

    def create_pipeline(self, pipeline):
        ServerPipeline(self.pool, pipeline)
        self.ready[pipeline] = []

    def feed(self, data):
        with self.lock:
            self.pool.receive_data(PSRPPayload(data, StreamType.default, None))
            while True:
                event = self.pool.next_event()
                if event is None:
                    break
                if isinstance(event, CreatePipelineEvent):
                    work = threading.Thread(target=self.execute, args=(event.pipeline_id, event.pipeline), daemon=True)
                    work.start()
                elif isinstance(event, PipelineHostResponseEvent):
                    self.responses[event.pipeline_id] = event
                    self.changed.notify_all()
            self.pump()

    def pump(self):
        size = self.options.get("fragment", 32768)
        while True:
            payload = self.pool.data_to_send(size)
            if payload is None:
                break
            self.ready.setdefault(payload.pipeline_id, []).append(payload.data)
        self.changed.notify_all()

    def stop(self, pipeline):
        with self.lock:
            running = self.pool.pipeline_table.get(pipeline)
            if running is not None and running.state == PSInvocationState.Running:
                running.stop()
            elif running is not None and running.state == PSInvocationState.NotStarted:
                running.start()
                running.stop()
            self.done.add(pipeline)
            self.pump()

    def forget(self, pipeline):
        with self.lock:
            running = self.pool.pipeline_table.pop(pipeline, None)
            self.ready.pop(pipeline, None)
            self.done.discard(pipeline)
            return running is not None

    def lose(self):
        with self.lock:
            self.lost = True
            self.changed.notify_all()

    def execute(self, pipeline, shell):
        with self.lock:
            running = self.pool.pipeline_table.get(pipeline)
            if running is None or running.state != PSInvocationState.NotStarted:
                return
            running.start()
            self.pump()
        commands = shell.commands
        with_scripts = self.options.get("scripts")
        if len(commands) != 1 or (commands[0].is_script and not with_scripts):
            self.finish(pipeline, {"failed": NO_LANGUAGE}, "script")
            return
        cmdlet = commands[0].command_text
        parameters, types = {}, {}
        if commands[0].is_script:
            cmdlet, parameters["Text"], types["Text"] = "script", cmdlet, "text"
        for name, given in commands[0].parameters:
            if name is None:
                self.problems.append(f"{cmdlet}: a positional argument")
                continue
            name = name.rstrip(":")
            parameters[name], types[name] = objects.plain(given)
        act = self.faults.due("cmdlet:" + cmdlet) or {}
        if act.get("lose_before"):
            self.lose()
            return
        if act.get("wait_ms"):
            with self.lock:
                self.changed.wait_for(lambda: self.state(pipeline) != PSInvocationState.Running, act["wait_ms"] / 1000)
        try:
            play = self.answers.ask(cmdlet, parameters, types)
        except Exception as error:  # the test process hung up: say so in the place where it is looked for
            self.problems.append(f"{cmdlet}: the test did not answer: {error!r}")
            play = {"failed": dict(BROKEN, message=repr(error))}
        if act.get("lose_after") or play.get("lost"):
            self.lose()
            return
        self.finish(pipeline, play, cmdlet)

    def state(self, pipeline):
        running = self.pool.pipeline_table.get(pipeline)
        return None if running is None else running.state

    def running(self, pipeline):
        return self.state(pipeline) == PSInvocationState.Running

    def finish(self, pipeline, play, cmdlet):
        with self.lock:
            if not self.running(pipeline):
                return
            running = self.pool.pipeline_table[pipeline]
            for number, activity in enumerate(play.get("progress", [])):
                running.write_progress(activity, number, "so far")
            for line in play.get("verbose", []):
                running.write_verbose(line)
            for line in play.get("warnings", []):
                running.write_warning(objects.GERMAN if self.options.get("german") else line)
            for one in play.get("output", []):
                running.write_output(objects.of_reply(one, cmdlet, self.options))
            for error in play.get("errors", []):
                made = objects.record(error, self.options)
                running.prepare_message(made, message_type=PSRPMessageType.ErrorRecord)
            self.pump()
            if play.get("hold"):
                self.changed.wait_for(lambda: not self.running(pipeline))
                return
            if play.get("prompt"):
                running.host_call(
                    HostMethodIdentifier.PromptForChoice,
                    ["Confirm", "Are you sure you want to perform this action?", [], 0],
                )
                self.pump()
                self.changed.wait_for(lambda: pipeline in self.responses or not self.running(pipeline))
                if not self.running(pipeline):
                    return
                play = {"failed": NO_HOST}
            failed = play.get("failed")
            if failed:
                running._change_state(PSInvocationState.Failed, objects.record(failed, self.options))
            else:
                running.complete()
            self.done.add(pipeline)
            self.pump()
