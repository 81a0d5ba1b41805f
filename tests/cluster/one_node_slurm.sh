#!/usr/bin/env bash
# A real SLURM on this machine alone, with two pretended GPUs, for the tests of `--profile slurm`.
# For Debian 12, as root; neither systemd nor cgroups are needed.
#
#   one_node_slurm.sh install   install SLURM with apt-get
#   one_node_slurm.sh check     say why `up` cannot work here, or nothing
#   one_node_slurm.sh up        end a former one, start it and wait until it takes jobs
#   one_node_slurm.sh down      end its jobs and daemons, and remove its files
#
# Everything lies in one folder. Only the two configuration files are linked from /etc/slurm: in
# every job Snakemake drops SLURM_CONF, so SLURM has to find them where it looks by itself. A
# machine therefore has one lab at most, and none where /etc/slurm is somebody else's. After a
# `kill -9` at any point, `down` and `up` find what is left and remove it.
set -euo pipefail

LAB=/var/lib/epibench-slurm
LINKS=(/etc/slurm/slurm.conf /etc/slurm/gres.conf)
CLUSTER=epibench-one-node
# What jobs may ask for, not what is there: no job of a test uses as much as its rule asks for.
CPUS=8
MEMORY_MB=256000

export PATH=$PATH:/usr/sbin:/sbin

fail() {
    echo "one_node_slurm: $*" >&2
    exit 1
}

# A link of a former lab counts as ours even when the lab is gone.
is_ours() { [ -L "$1" ] && [ "$(dirname "$(readlink "$1")")" = "$LAB" ]; }

check_machine() {
    local link
    [ "$(id -u)" = 0 ] || fail "only root can install SLURM and start its daemons"
    [ -z "${SLURM_CONF:-}" ] || fail "SLURM_CONF is set, so this machine belongs to a cluster"
    for link in "${LINKS[@]}"; do
        if [ -e "$link" ] || [ -L "$link" ]; then
            is_ours "$link" || fail "$link is not ours, so this machine belongs to a cluster"
        fi
    done
}

check() {
    local program
    check_machine
    for program in slurmctld slurmd munged sbatch srun; do
        command -v "$program" >/dev/null ||
            fail "the program $program is missing; install it with 'bash tests/cluster/one_node_slurm.sh install'"
    done
}

install() {
    check_machine
    command -v apt-get >/dev/null || fail "there is no apt-get to install SLURM with"
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends \
        slurmctld slurmd slurm-client munge >/dev/null
}

# SLURM counts a GPU as a device only if its file is a character device, and names it by the
# number at the end. Nothing opens the file. Links need no right to make devices.
make_gpus() {
    ln -s /dev/null "$LAB/gpu0"
    ln -s /dev/zero "$LAB/gpu1"
    echo "Name=gpu File=$LAB/gpu[0-1]" >"$LAB/gres.conf"
}

write_config() {
    local host
    host=$(hostname -s)
    cat >"$LAB/slurm.conf" <<END
ClusterName=$CLUSTER
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=26817
SlurmdPort=26818
SlurmUser=root
SlurmdUser=root
# A munged of our own: that of the machine is left alone.
AuthType=auth/munge
AuthInfo=socket=$LAB/munged.socket
StateSaveLocation=$LAB/state
SlurmdSpoolDir=$LAB/spool
SlurmctldPidFile=$LAB/slurmctld.pid
SlurmdPidFile=$LAB/slurmd.pid
SlurmctldLogFile=$LAB/slurmctld.log
SlurmdLogFile=$LAB/slurmd.log
# Without cgroups, which a container has not: processes are found by their parents, and memory is
# limited by looking at it.
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
MpiDefault=none
JobAcctGatherType=jobacct_gather/linux
JobAcctGatherFrequency=5
JobAcctGatherParams=OverMemoryKill
AccountingStorageType=accounting_storage/none
# One core, one GPU and the memory asked for are what a job gets.
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
GresTypes=gpu
SlurmdParameters=config_overrides
SchedulerParameters=batch_sched_delay=0,sched_interval=5
# Finished jobs stay known, so that a test can look at them.
MinJobAge=3600
KillWait=5
PropagateResourceLimits=NONE
NodeName=$host NodeAddr=127.0.0.1 CPUs=$CPUS RealMemory=$MEMORY_MB Gres=gpu:2
PartitionName=epibench-cpu Nodes=$host Default=YES MaxTime=UNLIMITED
PartitionName=epibench-gpu Nodes=$host MaxTime=UNLIMITED
END
}

wait_until_idle() {
    local state end=$((SECONDS + 30))
    while [ $SECONDS -lt $end ]; do
        # A command waits for minutes for a controller that does not answer.
        state=$(timeout 5 sinfo --noheader --partition epibench-cpu --format %t 2>/dev/null) || true
        [ "$state" != idle ] || return 0
        sleep 0.25
    done
    return 1
}

start() {
    munged --key-file="$LAB/munge.key" --socket="$LAB/munged.socket" --pid-file="$LAB/munged.pid" \
        --log-file="$LAB/munged.log" --seed-file="$LAB/munged.seed" &&
        slurmctld && slurmd && wait_until_idle
}

up() {
    check
    down
    mkdir -m 755 "$LAB" "$LAB/state" "$LAB/spool"
    make_gpus
    write_config
    (umask 077 && head -c 1024 /dev/urandom >"$LAB/munge.key")
    ln -sfn "$LAB/slurm.conf" "$LAB/gres.conf" /etc/slurm/
    if ! start; then
        tail -n 30 "$LAB"/*.log >&2
        down
        fail "SLURM did not start"
    fi
}

# Every process of the lab: the daemons hold files of its folder open, and each process of a job
# has the name of the cluster in its environment. Neither needs a daemon that still answers.
pids() {
    {
        find /proc/[0-9]*/fd -lname "$LAB/*" 2>/dev/null || true
        grep -lzx "SLURM_CLUSTER_NAME=$CLUSTER" /proc/[0-9]*/environ 2>/dev/null || true
    } | cut -d / -f 3 | sort -u
}

down() {
    local link found
    [ "$(id -u)" = 0 ] || fail "only root can end SLURM's daemons"
    for _ in $(seq 50); do
        found=$(pids)
        [ -n "$found" ] || break
        # At once, since nothing of the lab is kept. Some may be gone by now.
        kill -KILL $found 2>/dev/null || true
        sleep 0.1
    done
    for link in "${LINKS[@]}"; do
        if is_ours "$link"; then rm "$link"; fi
    done
    rm -rf "$LAB"
}

case "${1:-}" in
    install | check | up | down) "$1" ;;
    *) fail "say install, check, up or down" ;;
esac
